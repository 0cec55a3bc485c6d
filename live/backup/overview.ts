/** All declared backups of a swarm with what is wrong with each, also of those that cannot even be read. */
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { errorWords } from "../../text/error-text.ts";
import type { SwarmRecord } from "../read-swarm.ts";
import { companionServices, readCompanion } from "./companion.ts";
import { backupErrors, conditionWords, isUnproved, readCondition, type BackupCondition } from "./condition.ts";

/** A declared backup. */
export interface BackupState {
  readonly service: string;
  /** What can be restored, in words. */
  readonly words: string;
  /** What is wrong with it; nothing when all is well. */
  readonly errors: readonly string[];
  readonly unproved: boolean;
  /** Undefined where the companion says nothing of what it does. */
  readonly condition: BackupCondition | undefined;
}

/** Asks the repositories one after the other: each is a task on a node that has other work. */
export async function readBackups(
  connection: EngineConnection,
  swarm: SwarmRecord,
  signal: AbortSignal,
): Promise<readonly BackupState[]> {
  const states: BackupState[] = [];
  for (const { service, of } of companionServices(swarm)) {
    try {
      const condition = await readCondition(connection, readCompanion(service, swarm), swarm, signal);
      states.push({
        ...{ service: of, words: conditionWords(condition), errors: backupErrors(condition, Date.now() / 1000) },
        ...{ unproved: isUnproved(condition.list), condition },
      });
    } catch (error) {
      signal.throwIfAborted();
      const errors = [errorWords(error)];
      states.push({
        service: of,
        words: "nothing known to be restorable",
        errors,
        unproved: true,
        condition: undefined,
      });
    }
  }
  return states;
}
