import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, mounted, stranger, stateless } from "../sample-services.ts";

/** What SS301 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [store({ replicas: 0 })], expected: "pass" },
  {
    drafts: [store({ replicas: 2 })],
    expected: { fail: 'There are 2 replicas, and the tasks share the volume "data".' },
  },
  {
    drafts: [store({ replicas: unknown })],
    expected: {
      unverifiable: 'How many replicas there are is not known yet, and the tasks share the volume "data".',
    },
  },
  {
    drafts: [store({ replicas: 2, mounts: [{ source: unknown, target: "/data" }] })],
    expected: { unverifiable: "Whether the 2 replicas share a volume is not known yet." },
  },
  { drafts: [mounted({ source: "data-{{.Task.Slot}}", target: "/data" }, { replicas: 2 })], expected: "pass" },
  {
    drafts: [
      store({
        image: `wordpress:6${digest}`,
        args: [],
        mounts: [{ source: "w", target: "/var/www/html" }],
        replicas: 3,
      }),
    ],
    expected: "pass",
  },
  {
    drafts: [stranger({ replicas: 2 })],
    expected: {
      unverifiable:
        'There are 2 replicas, and the tasks share the volume "files"; whether its image allows several writers is not known.',
    },
  },
  { drafts: [store({ replicas: 2, labels: { "holdfast.shared": "cluster" } })], expected: "pass" },
  { drafts: [store({ mode: "global" })], expected: "not applicable" },
  { drafts: [stateless({ replicas: 2 })], expected: "not applicable" },
];
