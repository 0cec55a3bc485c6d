import type { RuleCase } from "../rule-case.ts";
import { store, stateless, programs } from "../sample-services.ts";

/** What SS401 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store()],
    volumes: [{ name: "data", protect: true, retainOnDelete: true }],
    inputs: programs,
    expected: "pass",
  },
  {
    drafts: [store()],
    volumes: [{ name: "data" }],
    inputs: ["state"],
    expected: { fail: 'The data volume "data" is a resource without protect and retainOnDelete.' },
  },
  {
    drafts: [store()],
    volumes: [{ name: "data", retainOnDelete: true }],
    inputs: ["program"],
    expected: { fail: 'The data volume "data" is a resource without protect.' },
  },
  {
    drafts: [store()],
    volumes: [{ name: "data", retainOnDelete: true }],
    inputs: ["state"],
    expected: { fail: 'The data volume "data" is a resource without protect.', level: "warning" },
  },
  {
    drafts: [store()],
    volumes: [{ name: "data", protect: true }],
    inputs: ["state"],
    expected: {
      fail: 'The data volume "data" is kept only by protect, which a run with --ignore-protect (Pulumi 3.256 and later) ignores; retainOnDelete is missing.',
      level: "warning",
    },
  },
  { drafts: [store()], volumes: [{ name: "other" }], expected: "not applicable" },
  { drafts: [stateless()], volumes: [{ name: "data" }], expected: "not applicable" },
];
