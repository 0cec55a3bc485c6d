import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stateless, notLive } from "../sample-services.ts";

/** What SS104 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [mounted({ type: "tmpfs", target: "/data" })], expected: { fail: 'The data path "/data" is a tmpfs.' } },
  {
    drafts: [mounted({ source: "data", target: "/data", options: { type: "tmpfs", device: "tmpfs" } })],
    expected: { fail: 'The volume "data" at the data path "/data" is a tmpfs by its options.' },
  },
  {
    drafts: [
      store({
        mounts: [
          { source: "data", target: "/data" },
          { type: "tmpfs", target: "/tmp" },
        ],
      }),
    ],
    expected: "pass",
  },
  { drafts: [mounted({ type: "bind", source: "/srv", target: "/data" })], expected: "pass" },
  { drafts: [stateless({ mounts: [{ type: "tmpfs", target: "/data" }] })], expected: "not applicable" },
  { drafts: [mounted({ type: unknown, target: "/data" })], inputs: notLive, expected: "not applicable" },
];
