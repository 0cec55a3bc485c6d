/** Verdicts for programs; `docs/schemas/impact.json` is their schema. */
import type { ImpactReport } from "../report.ts";
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
    errors,
    policyFindings,
    unseenResources: unseen,
    executor,
  };
}

function serviceDocument(verdict: Verdict): Record<string, unknown> {
  const {
    subject,
    name,
    id,
    fate,
    taskEffect,
    outage,
    causes,
    remedies,
    leftBehind,
    warnings,
    codes,
    assumptions,
    otherwise,
  } = verdict;
  return {
    service: name,
    subject,
    id,
    fate,
    taskEffect,
    outageSeconds: {
      least: outage.leastSeconds,
      most: outage.mostSeconds ?? null,
      parts: outage.parts.map((part) => ({
        name: part.name,
        least: part.leastSeconds,
        most: part.mostSeconds ?? null,
      })),
    },
    causes,
    remedies,
    leftBehind,
    warnings: warnings.map(({ text }) => text),
    codes,
    assumptions,
    ...(otherwise !== undefined && { otherwise }),
    fingerprint: fingerprint(verdict),
  };
}
