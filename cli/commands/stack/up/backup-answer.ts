import { setTimeout as sleep } from "node:timers/promises";
import { findCompanions, whyLate, type BackupService } from "../../../../live/backup/companion.ts";
import { listBackup } from "../../../../live/backup/list.ts";
import { readSwarm } from "../../../../live/read-swarm.ts";
import type { EngineConnection } from "../../../../swarm/engine/connection.ts";
import { advised } from "../../../../text/advised-command.ts";
import { errorWords } from "../../../../text/error-text.ts";
import { momentWords } from "../../../../text/moment.ts";
import type { CommandContext } from "../../../context/context.ts";
import { findEngineToRead } from "../../../context/find-swarm.ts";

/** How long a companion may take until its repository holds the first state. */
const firstStateMs = 60_000;

const lookEveryMs = 2000;

/** The repository of a companion that runs for longer is not asked at each `up`: its health check says whether it is in time. */
const newForMs = 10 * 60_000;

/** Says whether a companion delivers, and of one that has just started, which state can be restored already. */
export async function backupAnswer(context: CommandContext, companionName: string): Promise<string> {
  const connection = await findEngineToRead(context);
  const deadline = performance.now() + firstStateMs;
  for (;;) {
    const words = await look(connection, companionName);
    if (words.isKnown || performance.now() > deadline) return words.text;
    await sleep(lookEveryMs);
  }
}

async function look(
  connection: EngineConnection,
  companionName: string,
): Promise<{ readonly text: string; readonly isKnown: boolean }> {
  const swarm = await readSwarm(connection);
  const companion = findCompanions(swarm).find(({ service }) => service.Spec.Name === companionName);
  if (companion === undefined) return { text: `not yet: ${companionName} does not exist`, isKnown: true };
  const late = whyLate(companion, swarm.nodes);
  const isStopped = companion.service.Spec.Mode.Replicated?.Replicas === 0;
  if (late !== undefined) return { text: `late: ${late}`, isKnown: isStopped };
  if (!isNew(companion)) return { text: "delivered in time", isKnown: true };
  try {
    const { nodes } = swarm;
    const signal = AbortSignal.timeout(firstStateMs);
    const { newestSeconds } = await listBackup(connection, companion, { nodes, signal, onProgress: () => undefined });
    if (newestSeconds === undefined)
      return {
        text: `no state can be restored yet: the first base is on its way (\`${advised("backup", "list")}\` shows when it is there)`,
        isKnown: false,
      };
    return { text: `delivered: the state of ${momentWords(newestSeconds)} can be restored`, isKnown: true };
  } catch (error) {
    return { text: `the repository could not be asked: ${errorWords(error)}`, isKnown: true };
  }
}

function isNew({ tasks }: Pick<BackupService, "tasks">): boolean {
  const createdAt = Date.parse(tasks.at(-1)?.CreatedAt ?? "");
  return Number.isNaN(createdAt) || Date.now() - createdAt < newForMs;
}
