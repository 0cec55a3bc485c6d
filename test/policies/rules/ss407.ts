import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, told, postgres, stateless, programs, without } from "../sample-services.ts";

/** What SS407 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [store({ grace: "5s" })], expected: "pass" },
  { drafts: [store({ grace: "60s" })], expected: "pass" },
  { drafts: [store({ grace: "0s" })], expected: { fail: "The grace period is 0 s.", level: "error" } },
  { drafts: [store({ grace: "4s" })], expected: { fail: "The grace period is 4 s.", level: "error" } },
  {
    drafts: [store({ grace: "2m" })],
    expected: { fail: "The grace period is 120 s, and the next task uses the same volume.", level: "warning" },
  },
  { drafts: [store({ grace: "2m", mounts: [] })], expected: "pass" },
  {
    drafts: [without(store(), "grace")],
    inputs: ["stack file", "swarm"],
    expected: { fail: "The grace period is unset, so it is Docker's 10 s.", level: "warning" },
  },
  {
    drafts: [without(store(), "grace")],
    inputs: programs,
    expected: { fail: "The grace period is unset, and the provider then sends 0: SIGKILL at once.", level: "error" },
  },
  {
    drafts: [{ ...told("--appendonly", "no"), labels: { "holdfast.dataset": "2GiB" } }],
    expected: {
      fail: "The grace period is 30 s, and writing the declared dataset takes about 41 s.",
      level: "warning",
    },
  },
  { drafts: [{ ...told("--appendonly", "no"), labels: { "holdfast.dataset": "1GiB" } }], expected: "pass" },
  { drafts: [store({ labels: { "holdfast.dataset": "20GiB" } })], expected: "pass" },
  {
    drafts: [{ ...told(), labels: { "holdfast.dataset": "big" } }],
    expected: {
      unverifiable: "Whether the grace period is long enough is not known: the label holdfast.dataset cannot be read.",
    },
  },
  { drafts: [postgres({ labels: { "holdfast.dataset": "20GiB" } })], expected: "pass" },
  { drafts: [store({ grace: unknown })], expected: { unverifiable: "The grace period is not known yet." } },
  { drafts: [without(stateless(), "grace")], expected: "not applicable" },
];
