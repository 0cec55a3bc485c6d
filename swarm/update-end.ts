import { setTimeout as sleep } from "node:timers/promises";
import type { EngineConnection } from "./connection.ts";
import { inspectService } from "./docker-reads.ts";

/** How long Swarm may watch an update and carry out a rollback. */
const limitMs = 120_000;

const lookEveryMs = 500;

/**
 * Waits until Swarm is done with a service's update.
 *
 * @returns what Swarm says of it where the update is not in effect, because it was rolled back or paused; `undefined` where it is, where
 * nothing is under way, and where Swarm is not done in time
 */
export async function awaitUpdateEnd({ docker }: EngineConnection, id: string): Promise<string | undefined> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const update = (await inspectService(docker, id))?.UpdateStatus;
    const state = update?.State ?? "";
    if (state !== "updating" && state !== "rollback_started") {
      return /paused|rollback/.test(state) ? `${state.replace("_", " ")}: ${update?.Message ?? ""}` : undefined;
    }
    if (performance.now() > deadlineMs) return undefined;
    await sleep(lookEveryMs);
  }
}
