import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, cache, without } from "../sample-services.ts";

/** What SS411 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [without(store(), "reservation")], expected: { fail: "There is no memory reservation." } },
  {
    drafts: [store({ reservation: unknown })],
    expected: { unverifiable: "The memory reservation is not known yet." },
  },
  { drafts: [without(store(cache), "reservation")], expected: "not applicable" },
];
