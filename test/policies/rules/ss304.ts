import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stranger, stateless } from "../sample-services.ts";

/** What SS304 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  {
    drafts: [store({ updateOrder: "start-first" })],
    expected: { fail: 'The update order is start-first, and the data is on "data".' },
  },
  {
    drafts: [store({ rollbackOrder: "start-first" })],
    expected: { fail: 'The rollback order is start-first, and the data is on "data".' },
  },
  {
    drafts: [store({ updateOrder: unknown })],
    expected: { unverifiable: "The update order of a service with data is not known yet." },
  },
  {
    drafts: [stranger({ updateOrder: "start-first" })],
    expected: {
      unverifiable:
        "The update order is start-first; whether this image allows two writers on its volume is not known.",
    },
  },
  { drafts: [stateless({ updateOrder: "start-first" })], expected: "not applicable" },
  {
    drafts: [store({ updateOrder: "start-first", labels: { "holdfast.shared": "safe" } })],
    expected: "not applicable",
  },
];
