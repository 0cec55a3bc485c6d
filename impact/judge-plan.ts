/** What a planned change does to data: the plan is simulated once, the rules look at the facts, and a verdict combines what they find. */
import type { Obstacle } from "../model/placement/feasibility.ts";
import type { LiveFacts, Plan } from "../model/plan/plan.ts";
import { serviceRules, volumeRules } from "./rule-list.ts";
import { simulate } from "./simulation/simulate.ts";
import { serviceVerdict, volumeVerdict } from "./verdict/combine.ts";
import { compareFates, type Verdict } from "./verdict/verdict.ts";

/** The verdicts on a plan, worst first, and what they leave out. */
export interface Judgement {
  readonly verdicts: readonly Verdict[];
  /** Services that keep nothing: of images known for it, without a persistent mount, or caches by a label or their own configuration. */
  readonly withoutData: readonly string[];
  /** What of the swarm as it is keeps new tasks from starting, a service each. */
  readonly obstacles: readonly Obstacle[];
}

/** Judges what a plan does to the data of each service, and of each volume that no service of the plan mounts. */
export function judgePlan(plan: Plan, live: LiveFacts = {}): Judgement {
  const { services, volumes, withoutData, obstacles } = simulate(plan, live);
  const verdicts = [
    ...services.map((facts) =>
      serviceVerdict(
        facts,
        serviceRules.flatMap(({ check }) => check(facts)),
      ),
    ),
    ...volumes.map((facts) =>
      volumeVerdict(
        facts,
        volumeRules.flatMap(({ check }) => check(facts)),
      ),
    ),
  ];
  return {
    verdicts: verdicts.toSorted((one, other) => compareFates(other.fate, one.fate)),
    withoutData,
    obstacles,
  };
}
