import { longestGraceSeconds } from "../../model/service/stop-grace.ts";
import { formatDuration, parseDuration } from "../../text/duration.ts";
import { type HealthCheck, healthCheckDefaults } from "./health-check.ts";

/** What happens to an update whose task does not start or stay up. */
export const OnUpdateFailure = {
  /** Swarm rolls back to the previous version. */
  rollback: "rollback",
  /** Nothing runs until someone has looked: for a version that may have changed the files on its first start. */
  pause: "pause",
} as const;

export type OnUpdateFailure = (typeof OnUpdateFailure)[keyof typeof OnUpdateFailure];

/**
 * How a task is replaced, and brought back.
 *
 * `monitor` is how long Swarm watches a task that runs (that has passed its health check) before it calls the update completed,
 * and may roll it back. A server that refuses to start never comes so far; what is left are those that die right after. All
 * that time an update takes longer, without an outage; and the provider takes an update for done when it looks for the first
 * time, after 7 s, and deletes the former configurations, which a rollback needs. 2 s are over by then.
 */
const oneAfterTheOther = {
  order: "stop-first",
  parallelism: 1,
  delay: "0s",
  monitor: "2s",
  maxFailureRatio: "0.0",
} as const;

/** How a service is updated and rolled back: never two tasks at once. */
export function updateConfigs(onUpdateFailure: OnUpdateFailure = OnUpdateFailure.rollback) {
  return {
    updateConfig: { ...oneAfterTheOther, failureAction: onUpdateFailure },
    rollbackConfig: { ...oneAfterTheOther, failureAction: "pause" },
  };
}

const leastConvergeMs = 10 * 60_000;

/** What an image may take to be pulled, for a creation, and the old task to stop, for an update. */
const convergeAllowanceMs = 5 * 60_000 + longestGraceSeconds * 1000;

/**
 * How long the provider waits for a task that runs and is healthy. A creation that does not converge in time deletes the service
 * (terraform-provider-docker#624), so a server that is still loading its data, as long as its health check lets it, must not run
 * into it. A task that cannot start at all is refused before (components/hooks/readiness.ts), one that fails is taken back by Swarm:
 * neither waits for this.
 */
export function convergeTimeout(check: HealthCheck, path: string): string {
  const milliseconds = (text: string) => parseDuration(text, path);
  const { interval, timeout, retries, startPeriod } = { ...healthCheckDefaults, ...check };
  const patienceMs = milliseconds(startPeriod) + retries * (milliseconds(interval) + milliseconds(timeout));
  return formatDuration(Math.max(leastConvergeMs, patienceMs + convergeAllowanceMs));
}
