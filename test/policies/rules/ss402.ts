import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, configuration, told, untold, cache, postgres, notLive } from "../sample-services.ts";

/** What SS402 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [told("--appendonly", "no")], expected: "pass" },
  { drafts: [told("--save", "", "--appendonly", "yes")], expected: "pass" },
  {
    drafts: [
      store({
        args: ["redis-server", "/etc/redis.conf", "--appendonly", "no"],
        configs: [configuration("", 'save ""\n')],
      }),
    ],
    path: "services.store.configs[0]",
    expected: { fail: "Redis has appendonly off and no save points." },
  },
  { drafts: [told("--save", "")], expected: { fail: "Redis has appendonly off and no save points." } },
  {
    path: "services.store.configs[0]",
    drafts: [store({ configs: [configuration("", 'save ""\n')] })],
    expected: { fail: "Redis has appendonly off and no save points." },
  },
  { drafts: [told("--save", "", "--save", "60", "1")], expected: "pass" },
  {
    drafts: [store({ args: ["sh", "-c", "exec redis-server --save '' --appendonly no"], configs: [] })],
    expected: { fail: "Redis has appendonly off and no save points." },
  },
  {
    drafts: [told("--save", "", "--appendonly", unknown)],
    expected: {
      unverifiable: "Whether Redis persists anything is not known: not all of its configuration can be seen.",
    },
  },
  {
    drafts: [untold],
    inputs: notLive,
    expected: {
      unverifiable: "Whether Redis persists anything is not known: not all of its configuration can be seen.",
    },
  },
  { drafts: [{ ...told("--save", ""), ...cache }], expected: "not applicable" },
  {
    drafts: [{ ...told("--save", ""), labels: { "holdfast.store": unknown } }],
    expected: { unverifiable: "Whether the store is declared a cache is not known yet." },
  },
  { drafts: [postgres()], expected: "not applicable" },
];
