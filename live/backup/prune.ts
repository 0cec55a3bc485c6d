import type { z } from "zod";
import type { backupPruneSchema } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { momentWords } from "../../text/moment.ts";
import type { BackupService } from "./companion.ts";
import { runBackupTask, type BackupTaskOptions } from "./companion-task.ts";
import { placeOf } from "./list.ts";

/** A step that keeps the repository's lock ends with the companion's patience; a lock is waited for with words. */
const pruneSilenceMs = 30 * 60_000;

/** What `prune` says of what goes, or went. */
export type Pruned = z.infer<typeof backupPruneSchema>;

/** What is to go. */
export interface PruneRequest extends Pick<BackupTaskOptions, "signal" | "onProgress"> {
  readonly nodes: readonly SwarmNode[];
  /** Every state from here on is kept; undefined for what the backup declares. */
  readonly keptFromSeconds: number | undefined;
  /** Whether it is only looked at. */
  readonly isDry: boolean;
}

/** Removes what no restore needs, by a task that works on the repository beside the companion. */
export async function pruneBackup(
  connection: EngineConnection,
  companion: BackupService,
  { nodes, keptFromSeconds, isDry, ...options }: PruneRequest,
): Promise<Pruned> {
  const at = keptFromSeconds === undefined ? [] : ["--at", momentWords(keptFromSeconds)];
  const result = await runBackupTask(
    connection,
    companion,
    { words: ["prune", ...at, ...(isDry ? ["--dry-run", "yes"] : [])], node: placeOf(companion, nodes) },
    { ...options, silenceMs: pruneSilenceMs },
  );
  if (result.command !== "prune") throw new TypeError("The task of a prune answers for a prune.");
  return result;
}
