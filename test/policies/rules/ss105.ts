import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted } from "../sample-services.ts";

/** What SS105 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" })], expected: "pass" },
  {
    drafts: [
      mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: ["node.labels.disk==ssd"] }),
    ],
    expected: "pass",
  },
  {
    drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [] })],
    expected: { fail: 'Data is in the folder "/srv/redis" of a node, and no constraint says which.' },
  },
  {
    drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: ["node.role==manager"] })],
    expected: { fail: 'Data is in the folder "/srv/redis" of a node, and no constraint says which.' },
  },
  {
    drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [unknown] })],
    expected: {
      unverifiable:
        'Data is in the folder "/srv/redis" of a node, and whether the service is pinned to it is not known yet.',
    },
  },
  {
    drafts: [mounted({ type: "bind", source: "/mnt/glusterfs/redis", target: "/data" }, { constraints: [] })],
    expected: {
      unverifiable:
        'Data is in the folder "/mnt/glusterfs/redis", which is called like a shared file system; whether every node mounts it cannot be seen.',
    },
  },
  {
    drafts: [
      mounted(
        { type: "bind", source: "/srv/redis", target: "/data" },
        { constraints: [], labels: { "holdfast.shared": "Ceph on every node" } },
      ),
    ],
    expected: "pass",
  },
  {
    drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [], mode: "global" })],
    expected: "not applicable",
  },
  { drafts: [store()], expected: "not applicable" },
];
