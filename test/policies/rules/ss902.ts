import type { RuleCase } from "../rule-case.ts";
import { store } from "../sample-services.ts";

/** What SS902 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2026-11-23: ends today" } })], expected: "pass" },
  {
    drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2026-11-22: ended yesterday" } })],
    expected: { fail: "The suppression of SS201 ended on 2026-11-22." },
  },
  { drafts: [store()], expected: "not applicable" },
];
