/** A plan's verdicts with everything that a renderer tells. */
import type { Obstacle } from "../model/placement/feasibility.ts";
import type { Executor, LiveFacts, Plan, PolicyFinding } from "../model/plan/plan.ts";
import { judgePlan } from "./judge-plan.ts";
import { compareFates, worstFate, type Cause, type DataFate, type Note, type Verdict } from "./verdict/verdict.ts";

/** What is said about one plan. */
export interface ImpactReport {
  readonly executor: Executor;
  /** The worst of all fates. */
  readonly worst: DataFate;
  /** Worst first. */
  readonly verdicts: readonly Verdict[];
  /** Services that keep no data. */
  readonly withoutData: readonly string[];
  /** Why the plan cannot be carried out as it is. */
  readonly errors: readonly string[];
  /** What of the swarm as it is keeps new tasks from starting, a service each. */
  readonly obstacles: readonly Obstacle[];
  readonly policyFindings: readonly PolicyFinding[];
  /** How many unchanged resources the plan does not show. */
  readonly unseen: number;
}

/** Says what a plan does to data. */
export function analyse(plan: Plan, live: LiveFacts = {}): ImpactReport {
  const { verdicts, withoutData, obstacles } = judgePlan(plan, live);
  const { executor, policyFindings, unseen } = plan;
  // What a verdict tells is not told twice.
  const untold = obstacles.filter(({ service }) => !verdicts.some(({ name }) => name === service));
  const errors = [...plan.errors, ...untold.map(({ service, why }) => `${service} cannot start: ${why}.`)];
  return {
    executor,
    worst: worstFate(verdicts.map(({ fate }) => fate)),
    verdicts,
    withoutData,
    errors,
    obstacles,
    policyFindings,
    unseen,
  };
}

/** Whether a fate is one that a reviewer must not overlook. */
export function isLoss(fate: DataFate): boolean {
  return compareFates(fate, "left behind") >= 0;
}

/** Whether a verdict is only good as long as something holds that could not be looked at, and a loss otherwise. */
export function isDoubtful({ fate, otherwise, assumptions }: Verdict): boolean {
  return otherwise !== undefined && assumptions.length > 0 && !isLoss(fate) && isLoss(otherwise.fate);
}

/** How grave a verdict looks: one that is doubtful counts as at risk. */
export function shownFate(verdict: Verdict): DataFate {
  return isDoubtful(verdict) ? "at risk" : verdict.fate;
}

/** What a report says first: how grave it is, in words, and the verdicts that make it so. */
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

/** A fate in words, with what it is otherwise. */
export function fateWords(verdict: Verdict): string {
  return isDoubtful(verdict) && verdict.otherwise ? `${verdict.fate}, or ${verdict.otherwise.fate}` : verdict.fate;
}

/** Causes that are told in the same words. */
export interface CauseGroup extends Note {
  /** All that they are about. */
  readonly about: readonly Cause[];
}

/** Causes that are told in the same words, with all that they are about. */
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
      return outage.isDownNow ? "no task runs" : "task goes on";
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
