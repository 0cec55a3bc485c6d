import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, configuration, told, untold, cache, postgres, notLive } from "../sample-services.ts";

/** What SS403 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [untold],
    inputs: notLive,
    path: "services.store.configs[0]",
    expected: {
      unverifiable: "Whether the dir of Redis is on a volume is not known: not all of its configuration can be seen.",
    },
  },
  { drafts: [store({ directory: "/data/redis" })], expected: "pass" },
  { drafts: [store({ directory: "/srv" })], expected: "pass" },
  { drafts: [store()], expected: "pass" },
  { drafts: [told("--dir", "/data/redis")], expected: "pass" },
  {
    drafts: [told("--dir", "/srv")],
    expected: { fail: 'The dir of Redis is "/srv", and its volume is mounted at "/data".' },
  },
  {
    drafts: [store({ configs: [configuration("dir /srv\n")] })],
    expected: { fail: 'The dir of Redis is "/srv", and its volume is mounted at "/data".' },
  },
  {
    drafts: [told("--appendonly", "yes", "--appenddirname", "../aof")],
    expected: { fail: 'appenddirname leads to "/aof", off the mount at "/data".' },
  },
  { drafts: [told("--appendonly", "yes", "--appenddirname", "aof")], expected: "pass" },
  { drafts: [told("--appendonly", "no", "--appenddirname", "../aof")], expected: "pass" },
  {
    drafts: [told("--dir", unknown)],
    expected: {
      unverifiable: "Whether the dir of Redis is on a volume is not known: not all of its configuration can be seen.",
    },
  },
  {
    drafts: [told("--appendonly", "yes", "--appenddirname", unknown)],
    expected: {
      unverifiable: "Whether appenddirname is on the volume is not known: not all of its configuration can be seen.",
    },
  },
  { drafts: [postgres()], expected: "not applicable" },
  { drafts: [{ ...told("--dir", "/srv"), ...cache }], expected: "not applicable" },
];
