import { durableSteps } from "../support/faults.ts";
import { reversed, type Fault, type PassedPoints, type Scenario } from "./faults.ts";

/** One fault in one scenario. */
export interface Trial {
  scenario: Scenario;
  fault: Fault;
}

/** How many requests are lost, and how many answers. */
const cuts = 4;

/**
 * The faults to try in one scenario: killed at each point that it passes, the first and the last time, and where the
 * point stands before a write, with a full disk; and connections cut at the first requests that change something.
 * Files are written the same way with a service, which takes longer: there each point has its turn once, the last time.
 */
function faultsFor({ withService, operation }: Scenario, passed: PassedPoints): Fault[] {
  const points = [...passed];
  const kills = points.flatMap(([point, count]) =>
    [...new Set(withService ? [count] : [1, count])].map((nth): Fault => ({ kind: "killed", point, nth })),
  );
  const beforeWrites = (withService ? [] : points).filter(([point]) =>
    durableSteps.slice(0, 3).some((step) => point.endsWith(`.${step}`)),
  );
  const fullDisks = beforeWrites.map(([point, count]): Fault => ({ kind: "disk full", point, nth: count }));
  const cutConnections = Array.from({ length: operation === "refresh" ? 0 : cuts }, (_, index) => index + 1).flatMap(
    (nth): Fault[] => [
      { kind: "request lost", nth },
      { kind: "answer lost", nth },
    ],
  );
  return [...kills, ...fullDisks, ...cutConnections];
}

/** The faults of a scenario, every other one on the way back. */
export function trialsOf(scenario: Scenario, passed: PassedPoints): Trial[] {
  return faultsFor(scenario, passed).map((fault, index) => ({
    scenario: index % 2 === 0 ? scenario : reversed(scenario),
    fault,
  }));
}

/**
 * Puts trials into an order in which each begins where the one before ended, and cuts them into portions for one stack
 * each: what creates and what destroys takes turns.
 */
export function portions(trials: readonly Trial[], size: number): Trial[][] {
  const [others, destructions] = [false, true].map((destroys) =>
    trials.filter(({ scenario }) => (scenario.operation === "destroy") === destroys),
  );
  const tour = Array.from({ length: trials.length }, (_, index) => [others?.[index], destructions?.[index]])
    .flat()
    .filter((trial) => trial !== undefined);
  return Array.from({ length: Math.ceil(tour.length / size) }, (_, index) =>
    tour.slice(index * size, (index + 1) * size),
  );
}

/** A fault in a few words. */
export function describeFault(fault: Fault): string {
  return fault.kind === "killed" || fault.kind === "disk full"
    ? `${fault.kind} at ${fault.point}, time ${fault.nth}`
    : `${fault.kind}, request ${fault.nth}`;
}
