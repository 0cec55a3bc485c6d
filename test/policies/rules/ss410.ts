import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, cache, stateless, without } from "../sample-services.ts";

/** What SS410 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [without(store(), "memory")], expected: { fail: "There is no memory limit." } },
  { drafts: [without(store(cache), "memory")], expected: { fail: "There is no memory limit." } },
  { drafts: [store({ memory: unknown })], expected: { unverifiable: "The memory limit is not known yet." } },
  { drafts: [without(stateless(), "memory")], expected: "not applicable" },
];
