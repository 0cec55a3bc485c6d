import type { SwarmNode } from "../../model/service/definition.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { momentWords } from "../../text/moment.ts";
import { SituationError } from "../../text/situation-error.ts";
import { allowedNodes, isReady, type BackupService } from "./companion.ts";
import { runBackupTask, type BackupTaskOptions } from "./companion-task.ts";
import type { BackupList } from "./restore-plan.ts";

/** Restic answers within its own limit of ten minutes. */
const listSilenceMs = 11 * 60_000;

/**
 * Asks the repository what it holds of a store, by a task on the companion's node where that is ready, else on another.
 *
 * @param atSeconds - the time whose restore is to be measured; undefined for the newest state
 * @param node - where else it may run. @default any ready node, where the repository is at an address
 */
export async function listBackup(
  connection: EngineConnection,
  companion: BackupService,
  {
    nodes,
    node,
    atSeconds,
    ...options
  }: { nodes: readonly SwarmNode[]; node?: SwarmNode; atSeconds?: number | undefined } & Pick<
    BackupTaskOptions,
    "signal" | "onProgress"
  >,
): Promise<BackupList> {
  const place = placeOf(companion, nodes, node);
  const result = await runBackupTask(
    connection,
    companion,
    { words: ["list", ...(atSeconds === undefined ? [] : ["--at", momentWords(atSeconds)])], node: place },
    { ...options, silenceMs: listSilenceMs },
  );
  if (result.command !== "list") throw new TypeError("The task of a list answers with a list.");
  return result;
}

/**
 * The node for a task that only needs the repository.
 *
 * @throws SituationError where the repository is a folder of a node that is not ready, or no node is
 */
export function placeOf(
  { service, repositoryMount }: Pick<BackupService, "service" | "repositoryMount">,
  nodes: readonly SwarmNode[],
  other?: SwarmNode,
): SwarmNode {
  const allowed = allowedNodes(service, nodes);
  const home = allowed.find(isReady);
  if (home) return home;
  if (repositoryMount !== undefined) {
    const names = allowed.map(({ hostname }) => hostname).join(", ");
    throw new SituationError({
      what: `The repository is a folder of ${names === "" ? "a node that is gone" : names}, which is not ready`,
      fix: "Bring that node back. A backup that survives its node needs a repository at an address: s3:, sftp: or rest:",
    });
  }
  const ready = other ?? nodes.find(isReady);
  if (ready) return ready;
  throw new SituationError({ what: "No node of the swarm is ready", fix: "Bring one back" });
}
