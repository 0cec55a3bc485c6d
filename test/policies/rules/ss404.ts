import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, configuration, told, cache, postgres } from "../sample-services.ts";

/** What SS404 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [
      store({
        args: ["redis-server", "/etc/redis.conf", "--hz", "20"],
        configs: [configuration("", "appendonly yes\n")],
      }),
    ],
    path: "taskSpec.containerSpec.configs[0]",
    before: [told("--appendonly", "no")],
    expected: {
      fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only.",
    },
  },
  { drafts: [told("--appendonly", "yes")], before: [told("--appendonly", "yes")], expected: "pass" },
  { drafts: [told("--appendonly", "no")], before: [told("--appendonly", "yes")], expected: "pass" },
  {
    drafts: [told("--appendonly", "yes")],
    before: [told("--appendonly", "no")],
    expected: { fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only." },
  },
  { drafts: [told("--appendonly", "yes")], before: [told("--save", "")], expected: "pass" },
  {
    drafts: [told("--appendonly", "yes")],
    before: [{ ...told(), ...cache }],
    expected: { fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only." },
  },
  {
    drafts: [
      {
        ...told("--appendonly", "yes"),
        configs: [{ name: "start", target: "/start", content: "ln dump.rdb … appendonly.aof.manifest" }],
      },
    ],
    before: [told("--appendonly", "no")],
    expected: "pass",
  },
  {
    drafts: [told("--appendonly", unknown)],
    before: [told("--appendonly", "no")],
    expected: {
      unverifiable:
        "Whether appendonly is switched on over a snapshot is not known: not all of the configuration can be seen.",
    },
  },
  { drafts: [told("--appendonly", "yes")], expected: "not applicable" },
  {
    drafts: [{ ...told("--appendonly", "yes"), ...cache }],
    before: [told("--appendonly", "no")],
    expected: "not applicable",
  },
  { drafts: [postgres()], before: [postgres()], expected: "not applicable" },
];
