import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { companion, store } from "../sample-services.ts";

const labelled = (labels: Readonly<Record<string, string | typeof unknown>>) => ({
  ...companion(),
  labels: { "holdfast.backup.of": "store", ...labels },
});

const none = { fail: "Nothing says where a copy of the repository's password is." };
const unsure = { unverifiable: "Whether there is a copy of the password is not known yet." };

/** What SS607 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [companion()], expected: none },
  { drafts: [labelled({ "holdfast.backup.password-copy": " " })], expected: none },
  { drafts: [labelled({ "holdfast.backup.password-copy": "the team's password manager" })], expected: "pass" },
  { drafts: [labelled({ "holdfast.backup.password-copy": unknown })], expected: unsure },
  {
    drafts: [labelled({ "holdfast.backup.of": unknown, "holdfast.backup.password-copy": "a safe" })],
    expected: unsure,
  },
  { drafts: [store()], expected: "not applicable" },
];
