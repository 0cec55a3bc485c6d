/** Whether what a stack would create has a name that is free or its own: a name that is taken may be somebody's database. */
import { readLiveSwarm } from "../model/inputs/live-swarm.ts";
import type { Taking, TakingService } from "../model/inputs/pulumi-taking.ts";
import { foreignUse, labelsOfOwner, ownershipOf, type KnownAsOwn, type StackIdentity } from "../model/ownership.ts";
import { matchingNodes, parseConstraint } from "../model/placement.ts";
import { isKnown } from "../model/service-definition.ts";
import { listNodes, swarmMembership, type EngineConnection, type SwarmNode } from "./connection.ts";
import { inspectConfig, inspectNetwork, inspectSecret, inspectService } from "./docker-reads.ts";
import { engineOfNode } from "./node-engines.ts";
import { NameTakenError, ownerWords, unknownOwner } from "./taken-name.ts";
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
}

/**
 * Refuses a step that would take a name which something has that is not this stack's, and a service that would write a volume
 * which somebody else mounts.
 *
 * @returns what is to be told although it may go on
 * @throws NameTakenError
 */
export async function requireOwnNames(taking: Taking, question: NameQuestion): Promise<string[]> {
  const { kind, name, isNewName, service } = taking;
  const { manager, own } = question;
  if (kind === "volume") return isNewName ? requireOwnVolume(name, { ...question, engine: manager }) : [];
  const labels = isNewName ? await labelsOf(taking, manager) : undefined;
  if (labels !== undefined) throw new NameTakenError(kind, name, ownerWords(labels, labelsOfOwner(own)));
  return service === undefined ? [] : requireOwnVolumes(service, question);
}

/** The labels of what has the name; undefined where nothing has it. */
async function labelsOf({ kind, name }: Taking, { docker }: EngineConnection) {
  switch (kind) {
    case "service":
      return labelsIn(await inspectService(docker, name));
    case "secret":
      return labelsIn(await inspectSecret(docker, name));
    case "config":
      return labelsIn(await inspectConfig(docker, name));
    case "network": {
      const found = await inspectNetwork(docker, name);
      return found?.Name === name ? (found.Labels ?? {}) : undefined;
    }
    case "volume":
      return undefined;
  }
}

type Labelled = { Spec: { Labels?: Record<string, string> | null | undefined; Name: string } } | undefined;

function labelsIn(found: Labelled) {
  return found && (found.Spec.Labels ?? {});
}

/**
 * Refuses a volume that exists on an engine and is not this stack's.
 *
 * @param mayTake - whether one of which nothing tells the owner may be taken all the same; that is told
 * @throws NameTakenError
 */
export async function requireOwnVolume(
  name: string,
  { engine, manager, own, known }: NameQuestion & { engine: EngineConnection },
  mayTake: (look: VolumeLook) => boolean = () => false,
): Promise<string[]> {
  const look = await lookAtVolume(engine, name, manager);
  if (look === undefined) return [];
  const ownership = ownershipOf(look.traces, own, known);
  if (ownership.kind === "ours") return [];
  const { hostname: node } = await swarmMembership(engine);
  const volume = { node, isMounted: foreignUse(look.traces, own, known) !== undefined };
  if (ownership.kind === "another's") throw new NameTakenError("volume", name, ownership.owner, volume);
  if (!mayTake(look)) throw new NameTakenError("volume", name, unknownOwner, volume);
  if (look.isEmpty === true) return [];
  return [`volume "${name}" on ${node} exists already, and nothing says whose it is: the service takes what is in it`];
}

/**
 * Looks at what a service mounts on the one node that it is tied to. Whose a volume is that node's engine tells, where it can be
 * asked; which services mount it the manager always does.
 */
async function requireOwnVolumes(service: TakingService, question: NameQuestion): Promise<string[]> {
  const { manager, own, nodePattern } = question;
  const known = { ...question.known, store: service.store };
  if (service.volumes.length === 0) return [];
  const node = await onlyNodeFor(service.constraints, manager);
  const engine = node && (await engineOfNode(manager, node, nodePattern));
  if (node === undefined) return [];
  const warnings: string[] = [];
  for (const name of service.volumes) {
    if (engine !== undefined && service.ownVolumes.includes(name)) {
      // Nothing but the mark tells that data without labels is this stack's, and a task's volume has no labels.
      const mayTake = ({ isEmpty }: VolumeLook) => isEmpty === true || !service.isGuarded;
      warnings.push(...(await requireOwnVolume(name, { ...question, known, engine }, mayTake)));
    }
    if (service.isShared) continue;
    const traces = engine
      ? (await lookAtVolume(engine, name, manager))?.traces
      : { labels: undefined, users: await servicesWithVolume(manager, name, node.id) };
    const user = traces && foreignUse(traces, own, known);
    if (user !== undefined) {
      throw new NameTakenError("volume", name, user, { node: node.hostname, isMounted: true });
    }
  }
  return warnings;
}

/** The only node that satisfies all constraints; undefined where several or none do. */
export async function onlyNodeFor(
  constraints: readonly string[],
  manager: EngineConnection,
): Promise<SwarmNode | undefined> {
  const { nodes = [] } = readLiveSwarm({ nodes: await manager.docker.listNodes() });
  const matching = matchingNodes(
    constraints.map((constraint) => parseConstraint(constraint)),
    nodes,
  );
  if (!isKnown(matching) || matching.length !== 1) return undefined;
  return (await listNodes(manager)).find(({ id }) => id === matching[0]?.id);
}
