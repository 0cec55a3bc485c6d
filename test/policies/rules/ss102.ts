import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stranger, stateless, withVolume } from "../sample-services.ts";

/** What SS102 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [stranger({ mounts: [] })],
    images: [withVolume],
    expected: { fail: 'The image declares the volume "/files", and no volume with a name is mounted there.' },
  },
  { drafts: [stranger()], images: [withVolume], expected: "pass" },
  { drafts: [store({ mounts: [] })], expected: "pass" },
  { drafts: [store()], expected: "pass" },
  {
    drafts: [mounted({ target: "/data" })],
    expected: { fail: 'The mount at the data path "/data" names no volume.' },
  },
  {
    drafts: [mounted({ source: "", target: "/data" })],
    inputs: ["program", "state", "swarm"],
    expected: { fail: 'The mount at the data path "/data" names no volume.' },
  },
  { drafts: [stateless()], expected: "not applicable" },
  { drafts: [stranger()], expected: "not applicable" },
  { drafts: [mounted({ source: "data", target: unknown })], expected: "not applicable" },
  { drafts: [mounted({ source: unknown, target: "/data" })], expected: "pass" },
];
