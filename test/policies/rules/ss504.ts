import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stateless } from "../sample-services.ts";

/** What SS504 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [store({ image: "redis:7.2" })], expected: { fail: '"redis" is given by tag, without a digest.' } },
  {
    drafts: [store({ image: unknown })],
    expected: { unverifiable: "Whether the image is given by digest is not known yet." },
  },
  { drafts: [stateless({ image: "nginx:1" })], expected: "not applicable" },
];
