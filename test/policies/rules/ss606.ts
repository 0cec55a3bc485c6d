import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { companion, store } from "../sample-services.ts";

const labelled = (labels: Readonly<Record<string, string | typeof unknown>>) => ({
  ...companion(),
  labels: { "holdfast.backup.of": "store", ...labels },
});

const labels = (drill: string | typeof unknown, within: string | typeof unknown) =>
  labelled({ "holdfast.backup.drill": drill, "holdfast.backup.verified-within": within });
const unsure = { unverifiable: "How often the backup is drilled is not known yet." };
const odd = { unverifiable: "The labels of the drill name no durations." };

/** What SS606 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [labels("48h", "24h")],
    expected: { fail: "Drilled every 48h, and proved states count for 24h." },
  },
  { drafts: [labels("24h", "24h")], expected: "pass" },
  { drafts: [labels("90m", "24h")], expected: "pass" },
  { drafts: [labels(unknown, "24h")], expected: unsure },
  { drafts: [labels("24h", unknown)], expected: unsure },
  { drafts: [labels("daily", "24h")], expected: odd },
  { drafts: [labels("24h", "a day")], expected: odd },
  { drafts: [labelled({ "holdfast.backup.drill": "48h" })], expected: "not applicable" },
  { drafts: [labelled({ "holdfast.backup.verified-within": "24h" })], expected: "not applicable" },
  { drafts: [store()], expected: "not applicable" },
];
