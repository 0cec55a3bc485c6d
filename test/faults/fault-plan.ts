import { durableSteps } from "../../engine/state/fault.ts";
import type { Fault, PassedPoints } from "./faults.ts";

/**
 * The faults to try in one scenario: at each point that it passes the first, the middle and the last time, killed and,
 * where the point stands before a write, with a full disk; and connections cut at the first requests.
 */
export function faultsFor(passed: PassedPoints, cuts: number): Fault[] {
  const kills = [...passed].flatMap(([point, count]) =>
    times(count).map((nth): Fault => ({ kind: "killed", point, nth })),
  );
  const fullDisks = [...passed]
    .filter(([point]) => durableSteps.slice(0, 3).some((step) => point.endsWith(`.${step}`)))
    .flatMap(([point, count]) => times(count).map((nth): Fault => ({ kind: "disk full", point, nth })));
  const cutConnections = Array.from({ length: cuts }, (_, index) => index + 1).flatMap((nth): Fault[] => [
    { kind: "request lost", nth },
    { kind: "answer lost", nth },
  ]);
  return [...kills, ...fullDisks, ...cutConnections];
}

function times(count: number): number[] {
  return [...new Set([1, Math.ceil(count / 2), count])];
}

/** A fault in a few words. */
export function describeFault(fault: Fault): string {
  return fault.kind === "killed" || fault.kind === "disk full"
    ? `${fault.kind} at ${fault.point}, time ${fault.nth}`
    : `${fault.kind}, request ${fault.nth}`;
}
