import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, mounted, stranger, stateless } from "../sample-services.ts";

/** What SS302 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [store({ mode: "global" })], expected: { fail: 'The service is global, and its data is on "data".' } },
  {
    drafts: [mounted({ type: "bind", source: "/srv", target: "/data" }, { mode: "global" })],
    expected: { fail: 'The service is global, and its data is on "/srv".' },
  },
  {
    drafts: [stranger({ mode: "global" })],
    expected: {
      unverifiable:
        'The service is global; whether the volume "files" carries data that matters is not known for this image.',
    },
  },
  {
    drafts: [store({ mode: unknown })],
    expected: { unverifiable: "Whether a service with data is global is not known yet." },
  },
  {
    drafts: [
      store({
        image: `wordpress:6${digest}`,
        args: [],
        mounts: [{ source: "w", target: "/var/www/html" }],
        mode: "global",
      }),
    ],
    expected: "pass",
  },
  { drafts: [stateless({ mode: "global" })], expected: "not applicable" },
];
