/** Whether the names of what a stack would create are free or its own: what has a name already may be someone's database. */
import type { Taking, TakingService } from "../../inputs/pulumi/taking.ts";
import { matchingNodes, parseConstraint } from "../../model/placement/constraints.ts";
import { isKnown, type SwarmNode } from "../../model/service/definition.ts";
import {
  foreignUse,
  labelsOfOwner,
  ownershipOf,
  type KnownAsOwn,
  type StackIdentity,
} from "../../model/service/ownership.ts";
import { readAgain } from "../../swarm/api/errors.ts";
import { inspectConfig, inspectNetwork, inspectSecret, inspectService, inspectVolume } from "../../swarm/api/reads.ts";
import { NameTakenError, ownerWords, unknownOwner } from "../../swarm/api/taken-name.ts";
import { swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { engineOfNode } from "../../swarm/engine/node-engines.ts";
import { swarmNodes } from "../read-swarm.ts";
import { lookAtVolume, servicesWithVolume, type VolumeLook } from "./volume-owner.ts";

/** The swarm that is asked, and for whom. */
export interface NameQuestion {
  /** The engine that the stack's provider talks to, a manager. */
  readonly manager: EngineConnection;
  readonly own: StackIdentity;
  /** Where the engines of other nodes are, with `{hostname}` or `{address}` in it; without it only the manager's is asked. */
  readonly nodePattern?: string | undefined;
  /** What is the stack's without labels. */
  readonly known?: KnownAsOwn;
  /** Whether nothing is known of what was there before: something of this name may be what the step replaces. */
  readonly mayReplace?: boolean;
}

/**
 * Refuses a step that would take a name which something has that is not this stack's, and a service that would write a volume
 * which someone else mounts.
 *
 * @throws NameTakenError
 */
export async function requireOwnNames(taking: Taking, question: NameQuestion): Promise<void> {
  const { kind, name, isNewName, service } = taking;
  const { manager, own, mayReplace = false } = question;
  if (service !== undefined && mayReplace) {
    await requireReplaceable(service, question);
    return;
  }
  if (kind === "volume") {
    if (isNewName) await requireOwnVolume(name, { ...question, engine: manager });
    return;
  }
  const labels = isNewName ? await labelsOf(taking, manager) : undefined;
  if (labels !== undefined) throw new NameTakenError(kind, name, ownerWords(labels, labelsOfOwner(own)));
  if (service !== undefined) await requireOwnVolumes(service, question);
}

/** Refuses a service's name only where what has it cannot be an earlier version of that service. */
async function requireReplaceable({ name, volumes }: TakingService, { manager, own }: NameQuestion): Promise<void> {
  const found = await inspectService(manager.docker, name);
  if (found === undefined) return;
  const { Labels, TaskTemplate } = found.Spec;
  const ownership = ownershipOf({ labels: Labels }, own);
  const mounted = TaskTemplate.ContainerSpec?.Mounts?.map(({ Source }) => Source) ?? [];
  const mayBeOurs = volumes.length === 0 || volumes.some((volume) => mounted.includes(volume));
  if (ownership.kind === "ours" || (ownership.kind === "unknown" && mayBeOurs)) return;
  throw new NameTakenError("service", name, ownerWords(Labels, labelsOfOwner(own)));
}

/** The labels of what has the name; undefined where nothing has it. */
async function labelsOf({ kind, name }: Taking, { docker }: EngineConnection) {
  if (kind === "volume") return undefined;
  if (kind === "network") {
    const network = await inspectNetwork(docker, name);
    return network?.Name === name ? (network.Labels ?? {}) : undefined;
  }
  const inspect = { service: inspectService, secret: inspectSecret, config: inspectConfig }[kind];
  const found = await inspect(docker, name);
  return found && (found.Spec.Labels ?? {});
}

/** A question about a volume of one engine. */
interface VolumeQuestion extends NameQuestion {
  readonly engine: EngineConnection;
  /** Whether an empty volume whose owner is unknown may be taken. @default false */
  readonly takesEmpty?: boolean;
}

/**
 * Refuses a volume that exists on an engine and is not this stack's.
 *
 * @throws NameTakenError
 */
export async function requireOwnVolume(name: string, question: VolumeQuestion): Promise<void> {
  const look = await lookAtVolume(question.engine, name, question.manager);
  if (look !== undefined) await requireOwner(name, look, question);
}

async function requireOwner(
  name: string,
  { traces, isEmpty }: VolumeLook,
  { engine, own, known, takesEmpty = false }: VolumeQuestion,
): Promise<void> {
  const ownership = ownershipOf(traces, own, known);
  if (ownership.kind === "ours" || (ownership.kind === "unknown" && takesEmpty && isEmpty === true)) return;
  const { hostname: node } = await swarmMembership(engine);
  const owner = ownership.kind === "another's" ? ownership.owner : unknownOwner;
  throw new NameTakenError("volume", name, owner, { node, isMounted: foreignUse(traces, own, known) !== undefined });
}

/**
 * Looks at what a service mounts on the one node that it is tied to. Who owns a volume is known only to that node's engine, where it can be
 * asked; which services mount it, the manager always knows.
 */
async function requireOwnVolumes(service: TakingService, question: NameQuestion): Promise<void> {
  const { manager, own } = question;
  const known = { ...question.known, store: service.store };
  const place = await placeOf(service, question);
  if (place === undefined) return;
  const { node, engine } = place;
  for (const name of service.volumes) {
    const isOwn = service.ownVolumes.includes(name);
    if (service.isShared && !isOwn) continue;
    const look = engine && (await lookAtVolume(engine, name, manager));
    if (engine && look && isOwn) await requireOwner(name, look, { ...question, known, engine, takesEmpty: true });
    if (service.isShared) continue;
    const traces = engine
      ? look?.traces
      : { labels: undefined, users: await servicesWithVolume(manager, name, node.id) };
    const user = traces && foreignUse(traces, own, known);
    if (user !== undefined) {
      throw new NameTakenError("volume", name, user, { node: node.hostname, isMounted: true });
    }
  }
}

/**
 * Makes the volumes that the tasks of a service would make, with this stack's labels, where they do not exist yet and the engine of
 * the node can be asked: the labels of a mount could never be changed again, and without labels nothing shows later whose the data is.
 *
 * @throws NameTakenError where someone else has made one at the same moment
 */
export async function makeOwnVolumes(service: TakingService, question: NameQuestion): Promise<void> {
  const { own } = question;
  const engine = (await placeOf(service, question))?.engine;
  if (engine === undefined) return;
  for (const name of service.volumes.filter((each) => service.ownVolumes.includes(each))) {
    if ((await inspectVolume(engine.docker, name)) !== undefined) continue;
    const Labels = labelsOfOwner(own);
    await readAgain(() => engine.docker.createVolume({ Name: name, Labels }));
    await requireOwnVolume(name, { ...question, engine, takesEmpty: true });
  }
}

/** The node that a service with volumes is tied to, and its engine where that can be asked. */
async function placeOf(
  { volumes, constraints }: TakingService,
  { manager, nodePattern }: NameQuestion,
): Promise<{ node: SwarmNode; engine: EngineConnection | undefined } | undefined> {
  const node = volumes.length === 0 ? undefined : await onlyNodeFor(constraints, manager);
  return node && { node, engine: await engineOfNode(manager, node, nodePattern) };
}

/** The only node that satisfies all constraints; undefined where several or none do. */
export async function onlyNodeFor(
  constraints: readonly string[],
  manager: EngineConnection,
): Promise<SwarmNode | undefined> {
  const matching = matchingNodes(
    constraints.map((constraint) => parseConstraint(constraint)),
    await swarmNodes(manager),
  );
  return isKnown(matching) && matching.length === 1 ? matching[0] : undefined;
}
