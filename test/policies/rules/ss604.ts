import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { companion, programs, store } from "../sample-services.ts";

const unsure = (what: string) => ({
  unverifiable: `Whether the ${what} with the backup is on the data's node is not known.`,
});

/** What SS604 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [companion({ source: "repository", target: "/repository" })],
    expected: { fail: 'The backup is in the volume "repository" of the node that the data is on.' },
  },
  {
    drafts: [companion({ type: "bind", source: "/srv/backup", target: "/repository" })],
    expected: { fail: 'The backup is in the folder "/srv/backup" of the node that the data is on.' },
  },
  {
    drafts: [companion({ source: "memory", target: "/repository", options: { type: "tmpfs" } })],
    expected: { fail: 'The backup is in the volume "memory" of the node that the data is on.' },
  },
  { drafts: [companion({ source: "repository", target: "/repository", options: { type: "nfs" } })], expected: "pass" },
  { drafts: [companion()], expected: "pass" },
  {
    drafts: [
      {
        ...companion({ type: "bind", source: "/srv/backup", target: "/repository" }),
        labels: { "holdfast.shared": "GlusterFS on every node" },
      },
    ],
    expected: "pass",
  },
  {
    drafts: [companion({ type: "bind", source: "/mnt/gluster/backup", target: "/repository" })],
    expected: unsure('folder "/mnt/gluster/backup"'),
  },
  {
    drafts: [companion({ source: "repository", target: "/repository", options: unknown })],
    inputs: programs,
    expected: unsure('volume "repository"'),
  },
  { drafts: [companion({ source: unknown, target: "/repository" })], expected: unsure("volume of its own") },
  {
    drafts: [{ ...companion({ source: "repository", target: "/repository" }), labels: { "holdfast.shared": unknown } }],
    expected: unsure('volume "repository"'),
  },
  { drafts: [store()], expected: "not applicable" },
];
