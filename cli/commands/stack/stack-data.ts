/** Which volumes hold a stack's data, on which nodes, and which of them the stack may delete. */
import type { EngineEvent } from "../../../engine/model/events.ts";
import { readService } from "../../../inputs/pulumi/taking.ts";
import type { VolumeLook } from "../../../live/ownership/volume-owner.ts";
import { foreignUse, ownershipOf, type StackIdentity } from "../../../model/service/ownership.ts";
import type { EngineConnection, ListedNode } from "../../../swarm/engine/connection.ts";
import { advised } from "../../../text/advised-command.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import type { KnownResource } from "../../engines/engine.ts";

/** The type of a service in a state. */
const serviceType = "docker:index/service:Service";
/** The type of a volume that the stack created. */
export const volumeResourceType = "docker:index/volume:Volume";

/** A volume that a stack's state knows of. */
export interface StackVolume {
  readonly name: string;
  /** The resource that created it, on the engine of the provider. */
  readonly resource: KnownResource | undefined;
  /** Whether the program made it, by a resource or by its tasks; one that it only mounts belongs to another owner. */
  readonly isOwn: boolean;
  /** Names of the services that mount it, as far as the plan deletes them. */
  readonly services: readonly string[];
  /** The store that they mark it with, where a label says so. */
  readonly store: string | undefined;
  /** Placement constraints of the first of them; undefined where there is none any more. */
  readonly constraints: readonly string[] | undefined;
}

/**
 * The volumes of a stack.
 *
 * @param resources - what its state holds
 * @param events - of a plan that deletes its services
 */
export function stackVolumes(resources: readonly KnownResource[], events: readonly EngineEvent[]): StackVolume[] {
  const made = resources.filter(({ type }) => type === volumeResourceType);
  const mounted = events.flatMap(({ resourcePreEvent }) => {
    const step = resourcePreEvent?.metadata;
    const service = step?.type === serviceType ? readService(step.old?.inputs) : undefined;
    if (service === undefined) return [];
    return service.volumes.map((name) => ({
      name,
      service: service.name,
      store: service.store,
      constraints: service.constraints,
      isOwn: !service.isLabelled || service.ownVolumes.includes(name),
    }));
  });
  const names = new Set([...made.flatMap(({ dockerName }) => dockerName ?? []), ...mounted.map(({ name }) => name)]);
  return [...names].map((name) => {
    const resource = made.find(({ dockerName }) => dockerName === name);
    const mounts = mounted.filter((each) => each.name === name);
    const [mount] = mounts;
    return {
      name,
      resource,
      services: mounts.map(({ service }) => service),
      store: mount?.store,
      isOwn: resource !== undefined || mount?.isOwn === true,
      constraints: mount?.constraints,
    };
  });
}

/** A volume on one node that is to be deleted. */
export interface DoomedVolume {
  readonly name: string;
  readonly node: string;
  readonly engine: EngineConnection;
  readonly isEmpty: boolean | undefined;
}

/** The swarm that is asked, and for whom. */
export interface DataQuestion {
  readonly manager: EngineConnection;
  readonly own: StackIdentity;
  readonly nodePattern: string | undefined;
  /** Names of the services that the state holds. */
  readonly services: ReadonlySet<string>;
}

/**
 * Finds a volume that was named for deletion wherever it has data, and makes sure that it is this stack's.
 *
 * @param known - what the state says of it
 * @throws InputError where it has another owner, does not exist, or the engine of its node cannot be reached
 */
export async function findDoomed(
  name: string,
  known: StackVolume | undefined,
  question: DataQuestion,
): Promise<DoomedVolume[]> {
  const { manager, nodePattern } = question;
  if (known?.isOwn === false) throw notOurs(name, "the program mounts it and did not make it");
  const [{ listNodes, swarmMembership }, { onlyNodeFor }, { engineOfNode }] = await Promise.all([
    import("../../../swarm/engine/connection.ts"),
    import("../../../live/ownership/name-check.ts"),
    import("../../../swarm/engine/node-engines.ts"),
  ]);
  const pinned = known?.constraints && (await onlyNodeFor(known.constraints, manager));
  const { nodeId } = await swarmMembership(manager);
  // A volume that a resource created is on the provider's engine, whether the data is there or not.
  const candidates = (await listNodes(manager)).filter(
    ({ id }) => pinned === undefined || id === pinned.id || (id === nodeId && known?.resource !== undefined),
  );
  const found: DoomedVolume[] = [];
  const unseen: ListedNode[] = [];
  for (const node of candidates) {
    const engine = await engineOfNode(manager, node, nodePattern);
    if (engine === undefined) unseen.push(node);
    else found.push(...(await doomedOn(name, known, { ...question, engine, node: node.hostname })));
  }
  const hasData = found.some(({ isEmpty }) => isEmpty !== true);
  // Where the pinned node is not seen, or only empty volumes are, the data is where no one has looked.
  if (unseen.length > 0 && (pinned !== undefined || !hasData))
    throw outOfReach(name, unseen, { isSure: pinned !== undefined, isOwn: known !== undefined });
  // A resource whose volume is gone already is only forgotten.
  if (found.length === 0 && known?.resource === undefined) throw absent(name, question.own);
  return found;
}

/**
 * Deletes volumes, once nothing of the stack mounts them any more; one that its resource has taken along is gone already.
 *
 * @throws Error naming a volume that is still in use after 30 s: its data stays
 */
export async function removeDoomed(
  doomed: readonly DoomedVolume[],
  control: { signal: AbortSignal; onProgress: (message: string) => void },
): Promise<void> {
  if (doomed.length === 0) return;
  const { removeVolume } = await import("../../../engine/provider/resources/volume.ts");
  for (const { name, engine } of doomed) await removeVolume({ connection: engine, ...control }, name);
}

/** Volumes that stay, with the node where that is known; an engine that does not answer only makes it less sharp. */
export async function keptVolumes(
  volumes: readonly StackVolume[],
  manager: EngineConnection,
): Promise<(StackVolume & { readonly node: string | undefined })[]> {
  const { onlyNodeFor } = await import("../../../live/ownership/name-check.ts");
  return Promise.all(
    volumes.map(async (volume) => {
      const node = await onlyNodeFor(volume.constraints ?? [], manager).catch(() => undefined);
      return { ...volume, node: node?.hostname };
    }),
  );
}

async function doomedOn(
  name: string,
  known: StackVolume | undefined,
  { engine, node, manager, own, services }: DataQuestion & { engine: EngineConnection; node: string },
): Promise<DoomedVolume[]> {
  const { lookAtVolume } = await import("../../../live/ownership/volume-owner.ts");
  const look = await lookAtVolume(engine, name, manager);
  if (look === undefined) return [];
  requireOurs(`${name} on ${node}`, look, known, { own, services });
  return [{ name, node, engine, isEmpty: look.isEmpty }];
}

function requireOurs(
  name: string,
  { traces, isEmpty }: VolumeLook,
  known: StackVolume | undefined,
  { own, services }: Pick<DataQuestion, "own" | "services">,
): void {
  const knownAsOwn = { services, store: known?.store };
  const user = foreignUse(traces, own, knownAsOwn, true);
  if (user !== undefined) throw notOurs(name, user);
  const { labels, store } = traces;
  // That a service of ours mounts it does not say who made what is in it.
  const ownership = ownershipOf({ labels, store }, own, knownAsOwn);
  if (ownership.kind === "another's") throw notOurs(name, ownership.owner);
  const isMade = known?.resource !== undefined || (known?.isOwn === true && isEmpty === true);
  if (ownership.kind === "ours" || isMade) return;
  throw notOurs(
    name,
    "nothing shows that this stack created it: it has neither the stack's labels nor its mark",
    "Leave it to its owner; if it is yours, delete it on its node by hand",
  );
}

function notOurs(name: string, owner: string, fix = "Leave it to its owner"): InputError {
  return new InputError({
    path: "--delete-data",
    expected: "a volume of this stack",
    got: `${showValue(name)}: ${owner}`,
    fix,
  });
}

function outOfReach(
  name: string,
  nodes: readonly ListedNode[],
  { isSure, isOwn }: { isSure: boolean; isOwn: boolean },
): InputError {
  const where = nodes.map(({ hostname }) => hostname).join(", ");
  const reach = `Configure how to reach the nodes' engines with \`${advised("config set", "holdfast:nodes ssh://root@{hostname}")}\``;
  // Only a look at a volume shows whose it is, if the state does not know it.
  const byHand = `; or run \`${advised("down")}\`, then \`docker volume rm ${name}\` on ${where}`;
  return new InputError({
    path: "--delete-data",
    expected: "a volume on a node whose engine can be reached",
    got: `${showValue(name)}, which ${isSure ? "is" : "may be"} on ${where}`,
    fix: isOwn ? reach + byHand : reach,
  });
}

function absent(name: string, { project, stack }: StackIdentity): InputError {
  return new InputError({
    path: "--delete-data",
    expected: `a volume of the stack ${stack} of the project ${project}`,
    got: `${showValue(name)}, which is on none of the nodes that were queried`,
    fix: "Name a volume of the stack, or leave out the option to keep all data",
  });
}
