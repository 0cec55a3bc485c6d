import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store } from "../sample-services.ts";

/** What SS901 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-03-01: one node for now" } })],
    expected: "pass",
  },
  {
    drafts: [
      store({ labels: { "holdfast.ignore": "SS201, ss105 until 2027-03-01: a; SS601 until 2026-12-31: b: c" } }),
    ],
    expected: "pass",
  },
  {
    drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-03-01" } })],
    expected: { fail: "The suppression of SS201 gives no reason." },
  },
  {
    drafts: [store({ labels: { "holdfast.ignore.later": "SS201: because" } })],
    expected: { fail: 'The suppression of SS201 has no date: it reads "SS201: because".' },
  },
  {
    drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-02-30: because" } })],
    expected: { fail: 'The suppression of SS201 has no date: it reads "SS201 until 2027-02-30: because".' },
  },
  {
    drafts: [store({ labels: { "holdfast.ignore": "everything until 2027-03-01: because" } })],
    expected: { fail: 'The label "holdfast.ignore" names "EVERYTHING", which is no rule.' },
  },
  {
    drafts: [store({ labels: { "holdfast.ignore": unknown } })],
    expected: { unverifiable: 'What the label "holdfast.ignore" says is not known yet, so it has no effect.' },
  },
  { drafts: [store()], expected: "not applicable" },
];
