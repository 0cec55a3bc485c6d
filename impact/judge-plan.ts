/** What a planned change does to data: simulate the plan once, apply the rules to the facts, combine their findings. */
import type { LiveFacts, Plan } from "../model/plan/plan.ts";
import { serviceRules, volumeRules } from "./rule-list.ts";
import type { Diagnostic, DiagnosticRule } from "./rule.ts";
import { simulate, type Simulation } from "./simulation/simulate.ts";
import { serviceVerdict, volumeVerdict } from "./verdict/combine.ts";
import { compareFates, type Verdict } from "./verdict/verdict.ts";

/** The verdicts on a plan, and what they leave out. */
export interface Judgement extends Pick<Simulation, "withoutData" | "obstacles"> {
  /** Worst first. */
  readonly verdicts: readonly Verdict[];
}

/** Judges what a plan does to the data of each service, and of each volume that no service of the plan mounts. */
export function judgePlan(plan: Plan, live: LiveFacts = {}): Judgement {
  const { services, volumes, withoutData, obstacles } = simulate(plan, live);
  const found = <Facts>(rules: readonly DiagnosticRule<Facts>[], facts: Facts): readonly Diagnostic[] =>
    rules.flatMap(({ check }) => check(facts));
  const verdicts = [
    ...services.map((facts) => serviceVerdict(facts, found(serviceRules, facts))),
    ...volumes.map((facts) => volumeVerdict(facts, found(volumeRules, facts))),
  ];
  return {
    verdicts: verdicts.toSorted((one, other) => compareFates(other.fate, one.fate)),
    withoutData,
    obstacles,
  };
}
