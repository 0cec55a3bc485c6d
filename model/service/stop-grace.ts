import { formatDuration, parseDuration } from "../../text/duration.ts";
import { InputError } from "../../text/input-error.ts";

/** How long Swarm waits for the old task of a `stop-first` update before it starts the new one alongside it. */
export const waitForOldTaskSeconds = 60;

/**
 * The longest grace period, in seconds, that keeps a volume to one task: Swarm waits 60 s for the old task of a `stop-first`
 * update and then starts the new one alongside it.
 *
 * @see https://github.com/moby/swarmkit/blob/master/manager/orchestrator/update/updater.go (`removeOldTasks`, restart
 * `WaitRestart`)
 */
export const longestGraceSeconds = 55;

/**
 * Reads a grace period.
 *
 * @param path - its path, for the error
 * @returns milliseconds
 * @throws InputError when it is not a duration, is zero (an immediate SIGKILL), or exceeds 55 s
 */
export function parseGrace(text: string, path: string): number {
  const milliseconds = parseDuration(text, path);
  if (milliseconds > 0 && milliseconds <= longestGraceSeconds * 1000) return milliseconds;
  throw new InputError({
    path,
    expected: `more than 0s and at most ${formatDuration(longestGraceSeconds * 1000)}`,
    got: formatDuration(milliseconds),
    fix: "Choose a period in which the service stops: at its end it is killed, and after 60s Swarm starts the next task on the same volume",
  });
}
