import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { companion, store } from "../sample-services.ts";

const labelled = (labels: Readonly<Record<string, string | typeof unknown>>) => ({
  ...companion(),
  labels: { "holdfast.backup.of": "store", ...labels },
});

const unsure = { unverifiable: "Whether the backup is drilled is not known yet." };

/** What SS605 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [companion()], expected: { fail: "No drill of this backup is declared." } },
  { drafts: [labelled({ "holdfast.backup.drill": "" })], expected: { fail: "No drill of this backup is declared." } },
  { drafts: [labelled({ "holdfast.backup.drill": "24h" })], expected: "pass" },
  { drafts: [labelled({ "holdfast.backup.drill": unknown })], expected: unsure },
  { drafts: [labelled({ "holdfast.backup.of": unknown, "holdfast.backup.drill": "24h" })], expected: unsure },
  { drafts: [store()], expected: "not applicable" },
];
