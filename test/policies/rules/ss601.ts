import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, cache, stranger } from "../sample-services.ts";

/** What SS601 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  {
    drafts: [store({ labels: { "holdfast.backup": "hourly with restic" } })],
    expected: { fail: "The label holdfast.backup describes a backup, but nothing here makes it." },
  },
  {
    drafts: [store({ labels: { "holdfast.backup": "restic, every 2s", "holdfast.backup.by": "store-backup" } })],
    expected: "pass",
  },
  { drafts: [store({ labels: {} })], expected: { fail: "There is no label holdfast.backup." } },
  {
    drafts: [store({ labels: { "holdfast.backup": " " } })],
    expected: { fail: "There is no label holdfast.backup." },
  },
  {
    drafts: [store({ labels: { "holdfast.backup": "none" } })],
    expected: { fail: "The label holdfast.backup waives the backup without a reason." },
  },
  {
    drafts: [store({ labels: { "holdfast.backup": "none:" } })],
    expected: { fail: "The label holdfast.backup waives the backup without a reason." },
  },
  { drafts: [store({ labels: { "holdfast.backup": "none: can be computed again" } })], expected: "pass" },
  {
    drafts: [
      stranger({
        image: "offen/docker-volume-backup:v2",
        mounts: [{ source: "data", target: "/backup", readOnly: true }],
      }),
      store({ labels: {} }),
    ],
    expected: "pass",
  },
  {
    drafts: [store({ labels: { "holdfast.backup": unknown } })],
    expected: { unverifiable: "Whether a backup is declared is not known yet." },
  },
  { drafts: [store(cache)], expected: "not applicable" },
  { drafts: [stranger({ labels: {} })], expected: "not applicable" },
];
