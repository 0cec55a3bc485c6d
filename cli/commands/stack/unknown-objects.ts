import { takingOf } from "../../../inputs/pulumi/taking.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { NamedObject } from "../../../swarm/service/labelled-objects.ts";
import type { CommandContext } from "../../context/context.ts";
import type { KnownResource } from "../../engines/engine.ts";
import { stackIdentity } from "./name-check.ts";
import type { ShownOperation } from "./operation.ts";

/**
 * What in the swarm says that it is this stack's, and the state does not know: an older state was imported, or another checkout of the
 * stack is at work. Nothing where the swarm cannot be asked.
 *
 * @param planned - what it is about to make or to take over is known, too
 */
export async function unknownObjects(
  context: CommandContext,
  { docker }: EngineConnection,
  planned?: ShownOperation,
): Promise<NamedObject[]> {
  const { labelledObjects } = await import("../../../swarm/service/labelled-objects.ts");
  const found = await labelledObjects(docker, await stackIdentity(context)).catch(() => []);
  if (found.length === 0) return [];
  const known = knownNames((await context.state()).resources, planned);
  return found.filter((each) => !known.has(nameOf(each)));
}

function knownNames(resources: readonly KnownResource[], planned: ShownOperation | undefined): ReadonlySet<string> {
  const steps = (planned?.events ?? []).flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  const takings = [
    ...resources.map(({ type, dockerName }) => takingOf(type, undefined, { name: dockerName })),
    ...steps.flatMap(({ type, old, new: next }) =>
      [old, next].map((state) => takingOf(type, undefined, state?.inputs)),
    ),
  ];
  return new Set(takings.flatMap((taking) => (taking === undefined ? [] : nameOf(taking))));
}

function nameOf({ kind, name }: NamedObject): string {
  return `${kind} ${name}`;
}

/** Names what the state does not know, in lines; none where there is nothing. */
export function unknownObjectLines(objects: readonly NamedObject[]): string[] {
  if (objects.length === 0) return [];
  return [
    "Not in the state, although labelled as this stack's:",
    ...objects.map((each) => `  ${nameOf(each)}`),
    "Another state or another checkout of this stack created it. It is left as it is.",
  ];
}
