import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stranger, programs } from "../sample-services.ts";

/** What SS305 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [
      stranger({ mounts: [{ source: "data", target: "/d", options: unknown }] }),
      mounted({ source: "data", target: "/data", options: { type: "nfs" } }),
    ],
    inputs: programs,
    expected: { unverifiable: 'Whether the options of the volume "data" agree everywhere is not known yet.' },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: unknown })],
    inputs: programs,
    expected: { unverifiable: "Whether another place gives this volume other options is not known yet." },
  },
  { drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })], expected: "pass" },
  {
    drafts: [
      stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
      mounted({ source: "data", target: "/data", options: { type: "cifs" } }),
    ],
    expected: { fail: 'The volume "data" has other options here than the service "stranger" gives it.' },
  },
  {
    drafts: [
      stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
      mounted({ source: "data", target: "/data", options: { type: "nfs" } }),
    ],
    expected: "pass",
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })],
    volumes: [{ name: "data" }],
    inputs: programs,
    expected: { fail: 'The volume "data" has other options here than the volume "data" gives it.' },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })],
    volumes: [{ name: "data" }],
    inputs: ["swarm"],
    expected: { fail: 'The volume "data" has other options here than the volume as it exists gives it.' },
  },
  {
    drafts: [
      stranger({
        mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }],
        constraints: ["node.hostname==two"],
      }),
      mounted({ source: "data", target: "/data", options: { type: "cifs" } }),
    ],
    inputs: ["program", "state", "swarm"],
    expected: "pass",
  },
  {
    drafts: [
      stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
      mounted({ source: "data", target: "/data", options: { type: unknown } }),
    ],
    expected: { unverifiable: 'Whether the options of the volume "data" agree everywhere is not known yet.' },
  },
  {
    drafts: [mounted({ source: unknown, target: "/data", options: { type: "nfs" } })],
    inputs: programs,
    expected: { unverifiable: "Whether another place gives this volume other options is not known yet." },
  },
  { drafts: [store()], expected: "not applicable" },
];
