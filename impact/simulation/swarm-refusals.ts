/** What Swarm refuses about a service by its definition alone, and which of its tasks would wait. */
import { matchingNodes, narrowingOf } from "../../model/placement/constraints.ts";
import { isKnown, notKnown, type ServiceDefinition, type SwarmNode } from "../../model/service/definition.ts";
import { publishedPorts } from "../../model/service/published-ports.ts";

type Nodes = readonly SwarmNode[] | undefined;

/** Swarm takes an update as a whole or not at all (moby daemon/cluster/services.go, swarmkit controlapi/service.go). */
export function refusalToUpdate(before: ServiceDefinition, after: ServiceDefinition): string | undefined {
  if (isKnown(before.mode) && isKnown(after.mode) && before.mode !== after.mode) {
    return `Swarm refuses to change a service's mode in place (${before.mode} to ${after.mode})`;
  }
  if (after.endpointMode === "dnsrr" && publishedPorts(after, "ingress").length > 0) {
    return "Swarm refuses a port in ingress mode together with the endpoint mode dnsrr";
  }
  return refusedConstraint(after);
}

/** A constraint in a form that Swarm does not take. */
export function refusedConstraint({ constraints }: ServiceDefinition): string | undefined {
  const refused = isKnown(constraints) ? constraints.find(({ key }) => key === "") : undefined;
  if (refused === undefined || !isKnown(refused.text)) return undefined;
  return `Swarm refuses the placement constraint "${refused.text}": it takes \`node.hostname==NAME\` and the like`;
}

/** Whether two services want the same port of their node. */
export function sharesHostPort(one: ServiceDefinition, other: ServiceDefinition): boolean {
  const taken = publishedPorts(one, "host");
  return publishedPorts(other, "host").some((port) => taken.includes(port));
}

/** Whether a service's tasks all run on one node: pinned by name, or on a swarm of one node. */
export function runsOnOneNode(definition: ServiceDefinition, nodes: Nodes): boolean {
  const { constraints } = definition;
  if (nodes !== undefined) {
    const matching = matchingNodes(constraints, nodes);
    return isKnown(matching) && matching.length <= 1;
  }
  return isKnown(constraints) && constraints.some((constraint) => narrowingOf(constraint) !== "none");
}

/** Whether tasks of two services may run on one node. */
export function shareNode(one: ServiceDefinition, other: ServiceDefinition, nodes: Nodes): boolean {
  if (nodes !== undefined) {
    const first = matchingNodes(one.constraints, nodes);
    const second = matchingNodes(other.constraints, nodes);
    if (isKnown(first) && isKnown(second)) return first.some((node) => second.includes(node));
  }
  if (!isKnown(one.constraints) || !isKnown(other.constraints)) return false;
  const pins = one.constraints.filter((constraint) => narrowingOf(constraint) !== "none");
  const others = other.constraints;
  return pins.some((pin) => others.some(({ key, value }) => key === pin.key && value === pin.value));
}

/**
 * Why some of a service's tasks stay pending although a node satisfies its constraints.
 *
 * @param kept - the tasks that stay as they are, with the ports that they hold
 */
export function tasksWithoutRoom(
  definition: ServiceDefinition,
  kept: { definition: ServiceDefinition; count: number } | undefined,
  nodes: Nodes,
): string | undefined {
  const { replicas, maxReplicasPerNode, constraints } = definition;
  if (!isKnown(replicas) || definition.mode !== "replicated" || replicas < 2) return undefined;
  const matching = nodes === undefined ? notKnown : matchingNodes(constraints, nodes);
  const room = isKnown(matching) ? matching.length : runsOnOneNode(definition, undefined) ? 1 : Infinity;
  const rivals = kept !== undefined && !sharesHostPort(kept.definition, definition) ? replicas - kept.count : replicas;
  if (publishedPorts(definition, "host").length > 0 && rivals > room) {
    return `${rivals} tasks want the same host port on ${room === 1 ? "one node" : `${room} nodes`}, so ${rivals - room} of them wait forever`;
  }
  const most = isKnown(maxReplicasPerNode) && maxReplicasPerNode ? maxReplicasPerNode : Infinity;
  return replicas > room * most ? `${replicas} tasks do not fit: at most ${most} may run on a node` : undefined;
}
