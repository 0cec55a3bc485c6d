/** A plan's verdicts with everything that a renderer shows. */
import type { LiveFacts, Plan } from "../model/plan/plan.ts";
import { judgePlan, type Judgement } from "./judge-plan.ts";
import { obstacleNote } from "./rules/df701-obstacle.ts";
import { restorePointOf, type BackupEvidence } from "./verdict/restore-point.ts";
import { compareFates, worstFate, type Cause, type DataFate, type Note, type Verdict } from "./verdict/verdict.ts";

/** What is said about one plan. */
export interface ImpactReport extends Judgement, Pick<Plan, "executor" | "policyFindings" | "unseen"> {
  /** The worst of all fates. */
  readonly worst: DataFate;
  /** Why the plan cannot be carried out as it is. */
  readonly errors: readonly Note[];
}

/** Says what a plan does to data. */
export function analyse(plan: Plan, live: LiveFacts = {}): ImpactReport {
  const judgement = judgePlan(plan, live);
  const { verdicts, obstacles } = judgement;
  const { executor, policyFindings, unseen } = plan;
  const code = executor === "stack deploy" ? "DF707" : "DF706";
  // Does not repeat what a verdict says.
  const others = obstacles.filter(({ service }) => !verdicts.some(({ name }) => name === service));
  return {
    ...judgement,
    executor,
    policyFindings,
    unseen,
    worst: worstFate(verdicts.map(({ fate }) => fate)),
    errors: [...plan.errors.map((text) => ({ code, text }) as const), ...others.map(obstacleNote)],
  };
}

/** The verdicts that may tell of a loss: what is known of a backup is said beside them. */
export function riskyVerdicts({ verdicts }: Pick<ImpactReport, "verdicts">): readonly Verdict[] {
  return verdicts.filter((verdict) => isLoss(verdict.fate) || verdict.fate === "unknown" || isDoubtful(verdict));
}

/** A report that says beside each loss what the backup brings back. */
export function withRestorePoints(
  report: ImpactReport,
  plan: Plan,
  backups: readonly BackupEvidence[],
  nowSeconds: number,
): ImpactReport {
  const risky = riskyVerdicts(report);
  return {
    ...report,
    verdicts: report.verdicts.map((verdict) =>
      risky.includes(verdict)
        ? { ...verdict, restorePoint: restorePointOf(verdict, plan, backups, nowSeconds) }
        : verdict,
    ),
  };
}

/** Whether a fate is one that a reviewer must not overlook. */
export function isLoss(fate: DataFate): boolean {
  return compareFates(fate, "left behind") >= 0;
}

/** Whether a verdict is good only if an unverified assumption holds, and a loss otherwise. */
export function isDoubtful({ fate, otherwise, assumptions }: Verdict): boolean {
  return otherwise !== undefined && assumptions.length > 0 && !isLoss(fate) && isLoss(otherwise.fate);
}

/** How severe a verdict looks: a doubtful one counts as at risk. */
export function shownFate(verdict: Verdict): DataFate {
  return isDoubtful(verdict) ? "at risk" : verdict.fate;
}

/** A report's headline: its severity in words, and the verdicts that cause it. */
export function headline({ worst, verdicts }: ImpactReport): {
  readonly fate: DataFate;
  readonly words: string;
  readonly about: readonly Verdict[];
} {
  const doubtful = verdicts.find(isDoubtful);
  return doubtful !== undefined && compareFates(worst, "at risk") < 0
    ? { fate: shownFate(doubtful), words: fateWords(doubtful), about: [doubtful] }
    : { fate: worst, words: worst, about: verdicts.filter(({ fate }) => fate === worst) };
}

/** A fate in words, and the fate if the assumption does not hold. */
export function fateWords(verdict: Verdict): string {
  return isDoubtful(verdict) && verdict.otherwise ? `${verdict.fate}, or ${verdict.otherwise.fate}` : verdict.fate;
}

/** Causes with the same text. */
export interface CauseGroup extends Note {
  /** Those that name a property. */
  readonly about: readonly Cause[];
}

/** The values of a cause, such as `1 -> 2`; `undefined` if none is shown. */
export function valueWords({ before, after }: Cause, arrow = "->"): string | undefined {
  return before === undefined && after === undefined ? undefined : `${before ?? "…"} ${arrow} ${after ?? "…"}`;
}

/** The parts of an outage that take time. */
export function outageParts({ outage }: Verdict): Verdict["outage"]["parts"] {
  return outage.parts.filter(({ mostSeconds }) => mostSeconds !== 0);
}

/** Groups causes with the same text. */
export function groupCauses(causes: readonly Cause[]): readonly CauseGroup[] {
  const groups = Map.groupBy(causes, ({ code, text }) => `${code} ${text}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const about = group.filter(({ path }) => path !== undefined);
    return first === undefined ? [] : [{ code: first.code, text: first.text, about }];
  });
}

/** An outage in words: `0.3–13 s of downtime`. */
export function outageWords({ outage }: Verdict): string {
  const { leastSeconds, mostSeconds, isDownNow } = outage;
  if (isDownNow)
    return mostSeconds === undefined
      ? "down now, until someone intervenes"
      : `down now, ${leastSeconds} to ${mostSeconds} s until it answers`;
  if (mostSeconds === 0) return "no outage";
  if (mostSeconds === undefined) return "down until someone intervenes";
  return `${leastSeconds}–${mostSeconds} s of downtime`;
}

/** A task effect in words. */
export function effectWords({ taskEffect, subject, outage }: Verdict): string {
  if (subject === "volume") return "volume of no service that is shown";
  switch (taskEffect) {
    case "none":
      return outage.isDownNow ? "no task runs" : "task keeps running";
    case "replaced":
      return "task replaced";
    case "moved":
      return "task moved to another node";
    case "stopped":
      return "task stopped";
    case "cannot start":
      return "new task cannot start";
  }
}
