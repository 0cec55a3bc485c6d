import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, told, cache, postgres } from "../sample-services.ts";

/** What SS405 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  { drafts: [told()], expected: { fail: "There is no maxmemory." } },
  { drafts: [told("--maxmemory", "0")], expected: { fail: "There is no maxmemory." } },
  {
    drafts: [told("--maxmemory", "90mb")],
    expected: {
      fail: "maxmemory is 90MiB, 90 % of the memory limit of 100MiB: too near for a fork.",
      level: "warning",
    },
  },
  { drafts: [told("--maxmemory", "75mb")], expected: "pass" },
  { drafts: [{ ...told("--maxmemory", "90mb"), ...cache }], expected: "pass" },
  {
    drafts: [told("--maxmemory", "100mb")],
    expected: { fail: "maxmemory is 100MiB, 100 % of the memory limit of 100MiB.", level: "error" },
  },
  {
    drafts: [told("--maxmemory", "1g")],
    expected: { fail: "maxmemory is 1000000000B, 954 % of the memory limit of 100MiB.", level: "error" },
  },
  {
    drafts: [{ ...told("--maxmemory", "1gb"), memory: unknown }],
    expected: { unverifiable: "Whether maxmemory leaves room below the memory limit is not known yet." },
  },
  { drafts: [store({ memory: undefined as unknown as string })], expected: "pass" },
  {
    drafts: [told("--maxmemory", unknown)],
    expected: { unverifiable: "maxmemory is not known: not all of the configuration can be seen." },
  },
  {
    drafts: [told("--maxmemory", "lots")],
    expected: { unverifiable: "maxmemory is not written as Redis takes it." },
  },
  { drafts: [postgres()], expected: "not applicable" },
];
