/** What the commands of backups have in common: the manager that they ask, and the companion. */
import { companionOf, findCompanions, type BackupService } from "../../../live/backup/companion.ts";
import { readSwarm, type SwarmRecord } from "../../../live/read-swarm.ts";
import { requireManager, type EngineConnection } from "../../../swarm/engine/connection.ts";
import { InputError } from "../../../text/input-error.ts";
import { enginesToAsk } from "../swarm/engines-to-ask.ts";
import type { SwarmQuestionOptions } from "../swarm/doctor.ts";

/** Options of every command of backups. */
export type BackupCommandOptions = Omit<SwarmQuestionOptions, "nodes">;

/**
 * The first manager among the engines to ask.
 *
 * @throws EngineError (an InputError) of the first, where none is one
 */
export async function managerToAsk(options: BackupCommandOptions): Promise<EngineConnection> {
  let failure: unknown;
  for (const connection of await enginesToAsk(options)) {
    try {
      await requireManager(connection);
      return connection;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * The companion that a command is for.
 *
 * @param name - of the service; may be left out where there is only one
 */
export async function companionFor(
  connection: EngineConnection,
  name: string | undefined,
): Promise<{ companion: BackupService; swarm: SwarmRecord }> {
  const swarm = await readSwarm(connection);
  const companions = findCompanions(swarm);
  const [only, ...others] = companions;
  if (name === undefined && only !== undefined && others.length > 0) {
    throw new InputError({
      path: "service",
      expected: `one of ${companions.map(({ of }) => of).join(", ")}`,
      got: "none",
      fix: "Name the service",
    });
  }
  return {
    companion: name === undefined && only !== undefined ? only : companionOf(companions, name),
    swarm,
  };
}
