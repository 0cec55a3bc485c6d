import type { z } from "zod";
import type { backupNowSchema } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { whyLate, type BackupService } from "./companion.ts";
import { BackupTaskError, runBackupTask, type BackupTaskOptions } from "./companion-task.ts";

/** The task says itself when it has waited long enough. */
const nowSilenceMs = 2 * 60_000;

/**
 * Waits until all that a service has written so far is in the repository: a task beside the data sees how far its log goes.
 *
 * @throws BackupTaskError where the companion does not run, or delivers what the service does not write
 */
export async function awaitBackup(
  connection: EngineConnection,
  companion: BackupService,
  { nodes, ...options }: { nodes: readonly SwarmNode[] } & Pick<BackupTaskOptions, "signal" | "onProgress">,
): Promise<z.infer<typeof backupNowSchema>> {
  const late = whyLate(companion, nodes);
  const node = nodes.find(({ id }) =>
    companion.tasks.some(({ NodeID, Status }) => NodeID === id && Status.State === "running"),
  );
  if (late !== undefined || node === undefined) {
    throw new BackupTaskError(`the backup of ${companion.of} is late: ${late ?? "its task is on no node"}.`);
  }
  const result = await runBackupTask(
    connection,
    companion,
    { words: ["now"], node, readsData: true },
    { ...options, silenceMs: nowSilenceMs },
  );
  if (result.command !== "now") throw new TypeError("The task of a delivery answers for a delivery.");
  return result;
}
