/** Verdicts for programs; `docs/schemas/impact.json` is their schema. */
import type { ImpactReport } from "../report.ts";
import type { OutagePart } from "../simulation/outage.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { fingerprint } from "./fingerprint.ts";

/** What `--json` prints. */
export function impactDocument(report: ImpactReport): Record<string, unknown> {
  const { executor, worst, verdicts, withoutData, errors, policyFindings, unseen } = report;
  return {
    version: 1,
    worst,
    services: verdicts.map(serviceDocument),
    withoutData,
    errors: errors.map(({ text }) => text),
    errorCodes: errors.map(({ code }) => code),
    policyFindings,
    unseenResources: unseen,
    executor,
  };
}

function serviceDocument(verdict: Verdict): Record<string, unknown> {
  const { subject, name, id, fate, taskEffect, outage, warnings, before: _1, after: _2, ...rest } = verdict;
  const seconds = ({ leastSeconds: least, mostSeconds: most }: Omit<OutagePart, "name">) => ({
    least,
    most: most ?? null,
  });
  return {
    service: name,
    subject,
    id,
    fate,
    taskEffect,
    outageSeconds: {
      ...seconds(outage),
      parts: outage.parts.map((part) => ({ name: part.name, ...seconds(part) })),
    },
    ...rest,
    warnings: warnings.map(({ text }) => text),
    fingerprint: fingerprint(verdict),
  };
}
