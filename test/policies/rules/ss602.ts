import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stateless, without } from "../sample-services.ts";

/** What SS602 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], before: [store()], expected: "pass" },
  {
    drafts: [without(store(), "constraints")],
    before: [store()],
    expected: {
      fail: "The constraints are taken out of the program, and the provider leaves the old value on the service.",
    },
  },
  {
    drafts: [without(store(), "memory")],
    before: [store()],
    expected: {
      fail: "The memory limit is taken out of the program, and the provider leaves the old value on the service.",
    },
  },
  {
    drafts: [without(store(), "reservation")],
    before: [store()],
    expected: {
      fail: "The memory reservation is taken out of the program, and the provider leaves the old value on the service.",
    },
  },
  {
    drafts: [without(store(), "health")],
    before: [store()],
    expected: {
      fail: "The health check is taken out of the program, and the provider leaves the old value on the service.",
    },
  },
  {
    drafts: [store({ memory: unknown })],
    before: [store()],
    expected: { unverifiable: "Whether this is taken out of the program is not known yet." },
  },
  { drafts: [store()], before: [without(store(), "health")], expected: "pass" },
  { drafts: [without(store(), "health")], before: [without(store(), "health")], expected: "pass" },
  { drafts: [without(store(), "memory")], before: [store({ memory: unknown })], expected: "pass" },
  { drafts: [without(store(), "health")], expected: "not applicable" },
  { drafts: [without(stateless(), "health")], before: [stateless()], expected: "not applicable" },
];
