import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stranger, programs } from "../sample-services.ts";

/** What SS306 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [] })],
    expected: { fail: 'Every node reaches the volume "data", and the task may start on several.' },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [] })],
    nodes: [{ hostname: "one" }],
    inputs: ["swarm"],
    expected: "pass",
  },
  { drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })], expected: "pass" },
  {
    drafts: [
      mounted(
        { source: "data", target: "/data", options: { type: "nfs" } },
        { constraints: [], labels: { "holdfast.shared": "locks" } },
      ),
    ],
    expected: "pass",
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: unknown }, { constraints: [] })],
    inputs: programs,
    expected: {
      unverifiable: 'Whether several nodes reach the volume "data" is not known, and no constraint names a node.',
    },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [unknown] })],
    inputs: programs,
    expected: { unverifiable: 'Every node reaches the volume "data", and the constraints are not known yet.' },
  },
  {
    drafts: [
      mounted(
        { source: "data", target: "/data", options: { type: "nfs" } },
        { constraints: ["node.labels.store==yes"] },
      ),
    ],
    inputs: ["stack file"],
    expected: {
      unverifiable: 'Every node reaches the volume "data", and whether exactly one carries the label is not known.',
    },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", driver: "rexray" }, { constraints: [] })],
    expected: { unverifiable: 'Whether its plug-in lets two nodes write the volume "data" at once is not known.' },
  },
  {
    drafts: [stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }], constraints: [] })],
    expected: {
      unverifiable: 'Every node reaches the volume "data"; whether its image allows several writers is not known.',
    },
  },
  {
    drafts: [
      mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [], mode: "global" }),
    ],
    expected: "not applicable",
  },
  { drafts: [store({ constraints: [] })], expected: "not applicable" },
];
