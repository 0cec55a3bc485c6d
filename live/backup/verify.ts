import type { z } from "zod";
import type { backupVerifySchema, ProofLevel } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { momentWords } from "../../text/moment.ts";
import type { BackupService } from "./companion.ts";
import { runBackupTask, type BackupTaskOptions } from "./companion-task.ts";
import { placeOf } from "./list.ts";

/** Where a task restores into: the image of the companion has a folder there, whose owner and mode a new volume takes over. */
export const restorePath = "/restore";

/** Restic may be reading a large base, of which nothing is heard. */
const verifySilenceMs = 15 * 60_000;

/** What is to be proved, and where. */
export interface VerifyRequest extends Pick<BackupTaskOptions, "signal" | "onProgress"> {
  readonly level: ProofLevel;
  /** The state; undefined for the newest. */
  readonly atSeconds: number | undefined;
  readonly nodes: readonly SwarmNode[];
}

/** Proves a state of a backup, by a task that reads the repository and, at the level `load`, starts a server without network. */
export async function proveBackup(
  connection: EngineConnection,
  companion: BackupService,
  { level, atSeconds, nodes, ...options }: VerifyRequest,
): Promise<z.infer<typeof backupVerifySchema>> {
  const at = atSeconds === undefined ? [] : ["--at", momentWords(atSeconds)];
  const result = await runBackupTask(
    connection,
    companion,
    {
      words: ["verify", "--level", level, "--scratch", restorePath, ...at],
      node: placeOf(companion, nodes),
      // Without a name it goes with the task.
      mount: { Type: "volume", Target: restorePath },
      extraMemoryBytes: level === "load" ? dataMemoryBytes(companion) : 0,
    },
    { ...options, silenceMs: verifySilenceMs },
  );
  if (result.command !== "verify") throw new TypeError("The task of a proof answers with a proof.");
  return result;
}

/** What a server may need that loads the data: as much as the service's own has. */
export function dataMemoryBytes({ data }: Pick<BackupService, "data">): number {
  return data?.Spec.TaskTemplate.Resources?.Limits?.MemoryBytes ?? 0;
}
