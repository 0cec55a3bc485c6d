import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, untold, mounted, cache, stranger, stateless, one, notLive } from "../sample-services.ts";

/** What SS201 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [mounted({ source: "data", target: "/var/lib/redis" }, { constraints: [] })],
    expected: { fail: 'The volume "data" is local, and there are no constraints.' },
  },
  {
    drafts: [{ ...untold, constraints: [] }],
    inputs: notLive,
    expected: { fail: 'The volume "data" is local, and there are no constraints.' },
  },
  { drafts: [store()], expected: "pass" },
  { drafts: [store({ constraints: ["node.id == abc"] })], expected: "pass" },
  { drafts: [store({ constraints: ["node.ip==10.0.0.4"] })], expected: "pass" },
  {
    drafts: [store({ constraints: [] })],
    expected: { fail: 'The volume "data" is local, and there are no constraints.' },
  },
  {
    drafts: [store({ constraints: ["node.role==manager"] })],
    expected: { fail: 'The volume "data" is local, and "node.role==manager" may match several nodes.' },
  },
  {
    drafts: [store({ constraints: ["node.hostname!=two", "engine.labels.os==x"] })],
    expected: {
      fail: 'The volume "data" is local, and "node.hostname!=two" and "engine.labels.os==x" may match several nodes.',
    },
  },
  {
    drafts: [store({ constraints: ["node.ip==10.0.0.0/24"] })],
    expected: { fail: 'The volume "data" is local, and "node.ip==10.0.0.0/24" may match several nodes.' },
  },
  {
    drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
    expected: {
      unverifiable:
        'The volume "data" is local, and whether exactly one node carries "node.labels.disk==ssd" is not known without the live nodes.',
    },
  },
  { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], nodes: [one], expected: "pass" },
  {
    drafts: [
      stateless({ name: "a", constraints: ["node.labels.disk==ssd", "node.hostname==one"] }),
      stateless({ name: "b", constraints: ["node.labels.disk==SSD", "node.hostname==two"] }),
      store({ constraints: ["node.labels.disk==ssd"] }),
    ],
    expected: {
      fail: 'The volume "data" is local, and "node.labels.disk==ssd" matches several nodes, as other constraints here show.',
    },
  },
  {
    drafts: [
      stateless({ name: "a", constraints: ["node.labels.disk==ssd"], replicas: 3, maxReplicas: 1 }),
      store({ constraints: ["node.labels.disk==ssd"] }),
    ],
    expected: {
      fail: 'The volume "data" is local, and "node.labels.disk==ssd" matches several nodes, as other constraints here show.',
    },
  },
  {
    drafts: [store({ constraints: [unknown] })],
    expected: { unverifiable: 'The volume "data" is local, and the constraints are not known yet.' },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: unknown } }, { constraints: [] })],
    expected: {
      unverifiable: 'Whether the volume "data" is local to one node is not known, and no constraint names a node.',
    },
  },
  {
    drafts: [
      mounted({ source: "data", target: "/data", options: { type: "nfs", o: "addr=10.0.0.9" } }, { constraints: [] }),
    ],
    expected: "not applicable",
  },
  {
    drafts: [mounted({ source: "data", target: "/data", driver: "rexray/ebs" }, { constraints: [] })],
    expected: "not applicable",
  },
  { drafts: [store({ constraints: [], mode: "global" })], expected: "not applicable" },
  {
    drafts: [store({ constraints: [], labels: { "holdfast.shared": "one node only" } })],
    expected: "not applicable",
  },
  { drafts: [store({ constraints: [], ...cache })], expected: "not applicable" },
  {
    drafts: [mounted({ type: "bind", source: "/srv", target: "/data" }, { constraints: [] })],
    expected: "not applicable",
  },
  {
    drafts: [stranger({ constraints: [] })],
    expected: { fail: 'The volume "files" is local, and there are no constraints.' },
  },
  { drafts: [stateless({ constraints: [] })], expected: "not applicable" },
];
