import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, told, cache, postgres } from "../sample-services.ts";

/** What SS406 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [told("--maxmemory-policy", "noeviction")], expected: "pass" },
  { drafts: [told("--maxmemory-policy", "AllKeys-LRU")], expected: { fail: 'maxmemory-policy is "allkeys-lru".' } },
  { drafts: [told("--maxmemory-policy", "volatile-ttl")], expected: { fail: 'maxmemory-policy is "volatile-ttl".' } },
  {
    drafts: [told("--maxmemory-policy", unknown)],
    expected: { unverifiable: "maxmemory-policy is not known: not all of the configuration can be seen." },
  },
  {
    drafts: [{ ...told("--maxmemory-policy", "allkeys-lru"), labels: { "holdfast.store": unknown } }],
    expected: { unverifiable: "Whether the store is declared a cache is not known yet." },
  },
  { drafts: [{ ...told("--maxmemory-policy", "allkeys-lru"), ...cache }], expected: "not applicable" },
  { drafts: [postgres()], expected: "not applicable" },
];
