/** What killed runs of a stack have left on the swarm: services that run once for another one (swarm/service/one-off-task.ts). */
import type { HeldLock } from "../../../engine/state/lock.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { LeftService } from "../../../swarm/service/one-off-task.ts";
import { advised } from "../../../text/advised-command.ts";
import type { CommandContext } from "../../context/context.ts";
import { serviceNames, stackIdentity } from "./name-check.ts";

/**
 * Removes what killed runs of the stack have left, and says so. It holds no data, and would be in the way.
 *
 * @param lock - the stack's lock, where the command holds it
 * @throws StackLockedError where another run of the stack is at work: what is there may be its own
 */
export async function removeLeft(
  context: CommandContext,
  connection: EngineConnection,
  lock: HeldLock | undefined,
): Promise<void> {
  const left = await findLeft(context, connection);
  if (left.length === 0) return;
  if (lock === undefined) await (await context.stack()).requireUnlocked();
  const { removeLeftServices } = await import("../../../swarm/service/one-off-task.ts");
  await removeLeftServices(connection, left);
  context.output.print(...left.map((each) => `Removed the service ${each.name}, ${originOf(each)}.`), "");
}

/** What killed runs of the stack have left; nothing while a run is at work, whose it may be, or where the engine does not say. */
export async function lookForLeft(context: CommandContext, connection: EngineConnection): Promise<LeftService[]> {
  const left = await findLeft(context, connection).catch(() => []);
  if (left.length === 0) return [];
  const holders = await (await context.stack()).lockHolders();
  return holders.every(({ gone }) => gone) ? left : [];
}

/** What a preview says of such a service. */
export function leftLine(left: LeftService): string {
  return `The service ${left.name} is ${originOf(left)}. \`${advised("up")}\` or \`${advised("down")}\` removes it.`;
}

function originOf({ service }: LeftService): string {
  return `left behind by a killed run that was preparing ${service}`;
}

async function findLeft(context: CommandContext, connection: EngineConnection): Promise<LeftService[]> {
  const { findLeftServices } = await import("../../../swarm/service/one-off-task.ts");
  const known = async () => serviceNames(await context.state());
  return findLeftServices(connection, await stackIdentity(context), known);
}
