import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { companion, store } from "../sample-services.ts";

const onData = (source: string) => ({ fail: `The backup is written to "${source}", where the data is.` });
const unsure = { unverifiable: "Whether the backup has its own volume is not known yet." };

/** What SS603 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [companion({ source: "data", target: "/repository" })], expected: onData("data") },
  { drafts: [companion({ source: "repository", target: "/repository" })], expected: "pass" },
  { drafts: [companion({ source: "data2", target: "/repository" })], expected: "pass" },
  { drafts: [companion()], expected: "pass" },
  {
    drafts: [
      companion(
        { type: "bind", source: "/srv/redis", target: "/data", readOnly: true },
        { type: "bind", source: "/srv/redis/backup", target: "/repository" },
      ),
    ],
    expected: onData("/srv/redis/backup"),
  },
  {
    drafts: [
      companion(
        { type: "bind", source: "/srv/redis", target: "/data", readOnly: true },
        { type: "bind", source: "/srv", target: "/repository" },
      ),
    ],
    expected: onData("/srv"),
  },
  { drafts: [companion({ source: unknown, target: "/repository" })], expected: unsure },
  {
    drafts: [
      companion({ source: unknown, target: "/more", readOnly: true }, { source: "repository", target: "/repository" }),
    ],
    expected: unsure,
  },
  { drafts: [store()], expected: "not applicable" },
];
