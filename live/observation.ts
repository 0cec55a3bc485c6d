import type { Observation } from "./data-overview.ts";
import type { Inventory } from "./inventory.ts";

/** An inventory in the words of the model. */
export function observe({ swarm, volumes, unseenNodes }: Inventory): Observation {
  const services = new Map(swarm?.services.map(({ ID, Spec }) => [ID, Spec.Name]));
  const nodes = new Map(swarm?.nodes.map(({ id, hostname }) => [id, hostname]));
  return {
    tasks: (swarm?.tasks ?? [])
      .filter(({ DesiredState }) => DesiredState === "running")
      .map(({ ServiceID, NodeID, Status }) => ({
        service: services.get(ServiceID) ?? ServiceID,
        node: nodes.get(NodeID),
        isRunning: Status.State === "running",
      })),
    volumes: volumes.map(({ node, volume, isAnonymous, sizeBytes, users }) => ({
      node,
      name: volume.Name,
      isAnonymous,
      sizeBytes,
      users: users.map(({ service, state, target, image }) => ({
        service,
        isRunning: state === "running",
        target,
        image,
      })),
    })),
    nodes: swarm?.nodes.map(({ hostname }) => hostname) ?? [],
    unseenNodes,
  };
}
