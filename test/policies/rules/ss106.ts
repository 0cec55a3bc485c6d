import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stateless } from "../sample-services.ts";

/** What SS106 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  {
    drafts: [mounted({ source: "data", target: "/data", readOnly: true })],
    expected: { fail: 'The mount at the data path "/data" is read-only.' },
  },
  {
    drafts: [mounted({ type: "bind", source: "/srv", target: "/data", readOnly: true })],
    expected: { fail: 'The mount at the data path "/data" is read-only.' },
  },
  {
    drafts: [mounted({ source: "data", target: "/data", readOnly: unknown })],
    expected: { unverifiable: 'Whether the mount at the data path "/data" is read-only is not known yet.' },
  },
  { drafts: [stateless()], expected: "not applicable" },
  { drafts: [store({ mounts: [] })], expected: "not applicable" },
];
