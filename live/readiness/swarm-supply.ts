/** What a swarm has for the tasks of services that are planned, and what of it is taken or cannot be had. */
import { readSwarmUse } from "../../inputs/swarm/use.ts";
import { matchingNodes } from "../../model/placement/constraints.ts";
import { foreignPort, imageName, type SwarmUse } from "../../model/placement/feasibility.ts";
import { isUsable } from "../../model/placement/task-location.ts";
import { isKnown, type ServiceDefinition, type SwarmNode } from "../../model/service/definition.ts";
import { portKey, publishedPorts } from "../../model/service/published-ports.ts";
import { dockerStatus, dockerWords } from "../../swarm/api/errors.ts";
import type { Service } from "../../swarm/api/objects.ts";
import { isImagePresent, inspectDistribution, listContainers } from "../../swarm/api/reads.ts";
import { swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { addressesOf, answers } from "../../swarm/engine/reachable-address.ts";
import { readSwarm } from "../read-swarm.ts";

/** The nodes of a swarm, and what is taken on them. */
export interface SwarmSupply {
  readonly nodes: readonly SwarmNode[];
  readonly use: SwarmUse;
}

/** Asks a manager for its nodes, its services, and for what these hold of them. */
export async function readSupply(
  connection: EngineConnection,
): Promise<SwarmSupply & { readonly services: readonly Service[] }> {
  const { nodes, services, tasks } = await readSwarm(connection);
  return { nodes, services, use: readSwarmUse(services, tasks) };
}

/** A service that is to be made, or changed from what it is. */
export interface PlannedDefinition {
  readonly before: ServiceDefinition | undefined;
  readonly after: ServiceDefinition;
}

/** What a swarm cannot provide, in a form that can be written to a file. */
export interface Unavailable {
  readonly missingImages: Readonly<Record<string, string>>;
  readonly foreignPorts: readonly string[];
}

/**
 * Looks for what only an attempt shows: whether the registry has an image, and whether something that is no service answers on
 * a port. What cannot be asked is assumed to be there; in the end the node of the task decides (live/readiness/image-pull.ts).
 */
export async function findUnavailable(
  connection: EngineConnection,
  { nodes, use }: SwarmSupply,
  planned: readonly PlannedDefinition[],
): Promise<Unavailable> {
  const running = planned.filter(({ after }) => after.mode === "replicated" && after.replicas !== 0);
  if (running.length === 0) return { missingImages: {}, foreignPorts: [] };
  const { nodeId } = await swarmMembership(connection);
  const [images, ports] = await Promise.all([
    Promise.all(running.map((each) => missingImage(connection, each, nodes, nodeId))),
    foreignPortsOf(connection, running, { nodes, use }, nodeId),
  ]);
  return {
    missingImages: Object.fromEntries(images.filter((image) => image !== undefined)),
    foreignPorts: ports,
  };
}

function suitableNodes({ constraints }: ServiceDefinition, nodes: readonly SwarmNode[]): readonly SwarmNode[] {
  const suitable = matchingNodes(constraints, nodes.filter(isUsable));
  return isKnown(suitable) ? suitable : [];
}

/**
 * An image that the registry says it does not have, unless a node has it. Other nodes than this engine's cannot be asked, and a
 * registry that needs a login says the same of an image that it has: both are left to the node of the task.
 */
async function missingImage(
  { docker }: EngineConnection,
  { before, after }: PlannedDefinition,
  nodes: readonly SwarmNode[],
  engineNode: string,
): Promise<[string, string] | undefined> {
  const image = imageName(after.image);
  if (image === undefined || (before !== undefined && imageName(before.image) === image)) return undefined;
  if (suitableNodes(after, nodes).some(({ id }) => id !== engineNode)) return undefined;
  if (await isImagePresent(docker, image)) return undefined;
  try {
    await inspectDistribution(docker, image, undefined);
    return undefined;
  } catch (error) {
    return dockerStatus(error) === 404 ? [image, dockerWords(error)] : undefined;
  }
}

/** Ports of all planned services that answer and are no service's. What Swarm is still stopping does not count: it is gone in a moment. */
async function foreignPortsOf(
  connection: EngineConnection,
  planned: readonly PlannedDefinition[],
  supply: SwarmSupply,
  engineNode: string,
): Promise<readonly string[]> {
  const found = new Set((await Promise.all(planned.map((each) => foreignPorts(connection, each, supply)))).flat());
  if (found.size === 0) return [];
  const ending = new Set((await portsOfTasks(connection)).map((port) => foreignPort(engineNode, port)));
  return [...found].filter((port) => !ending.has(port));
}

/** Ports that containers of tasks publish on the connected engine's node, including those of removed services. */
async function portsOfTasks({ docker }: EngineConnection): Promise<readonly string[]> {
  const containers = await listContainers(docker, { label: ["com.docker.swarm.task.id"] });
  return containers.flatMap(({ Ports }) =>
    (Ports ?? []).flatMap(({ PublicPort, Type }) => (PublicPort ? [portKey(PublicPort, Type)] : [])),
  );
}

async function foreignPorts(
  connection: EngineConnection,
  { before, after }: PlannedDefinition,
  { nodes, use }: SwarmSupply,
): Promise<readonly string[]> {
  const known = new Set(
    use.services.flatMap(({ routedPorts, tasks }) => [routedPorts, ...tasks.map(({ hostPorts }) => hostPorts)].flat()),
  );
  const wanted = [after, ...(before === undefined ? [] : [before])].map((each) => [
    ...publishedPorts(each, "host"),
    ...publishedPorts(each, "ingress"),
  ]);
  const [ports = [], own = []] = wanted;
  const unexplained = ports.filter((port) => !known.has(port) && !own.includes(port) && port.endsWith("/tcp"));
  const asked = unexplained.flatMap((port) => suitableNodes(after, nodes).map((node) => ({ port, node })));
  const found = await Promise.all(
    asked.map(async ({ port, node }) => {
      const addresses = addressesOf(node.hostname, nodes, connection);
      const isAnswered = await Promise.all(addresses.map((address) => answers(address, Number.parseInt(port, 10))));
      return isAnswered.includes(true) ? [foreignPort(node.id, port)] : [];
    }),
  );
  return found.flat();
}
