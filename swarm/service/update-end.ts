import { setTimeout as sleep } from "node:timers/promises";
import { inspectService, listTasks } from "../api/reads.ts";
import type { Redact } from "../api/redaction.ts";
import type { EngineConnection } from "../engine/connection.ts";
import { awaitConvergence, ConvergenceError } from "./convergence.ts";

const lookEveryMs = 250;

/** An update that is followed. */
export interface FollowedUpdate {
  /** Whether it has been sent. */
  readonly hasBegun: () => boolean;
  /** Why it is not in effect, once that is clear; `undefined` where it is. */
  readonly end: Promise<string | undefined>;
}

/**
 * Follows an update that someone else is about to send, in the same way as our own ({@link awaitConvergence}): a stuck rollback is
 * hastened, and an update whose task no node can take is rolled back.
 *
 * @returns once the update may be sent; `undefined` where the engine does not know the service
 */
export async function followUpdate(
  connection: EngineConnection,
  id: string,
  redact: Redact,
): Promise<FollowedUpdate | undefined> {
  const before = await inspectService(connection.docker, id);
  if (before === undefined) return undefined;
  const earlierTasks = new Set((await listTasks(connection.docker, id)).map(({ ID }) => ID));
  let isSent = false;
  const follow = async (): Promise<string | undefined> => {
    // Where the update is never sent, the process that waits here ends with the run: nothing keeps it alive.
    while ((await inspectService(connection.docker, before.ID))?.Version.Index === before.Version.Index)
      await sleep(lookEveryMs, undefined, { ref: false });
    isSent = true;
    try {
      await awaitConvergence(connection, before.ID, {
        earlierTasks,
        doomedTasks: new Set(),
        // The sender of the update has its own timeout.
        deadlineMs: Infinity,
        onProgress: () => undefined,
        signal: new AbortController().signal,
        redact,
        credentials: undefined,
      });
      return undefined;
    } catch (error) {
      if (error instanceof ConvergenceError) return error.message;
      throw error;
    }
  };
  return { hasBegun: () => isSent, end: follow() };
}
