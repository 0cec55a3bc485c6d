import { InputError } from "../model/input-error.ts";
import type { SwarmNode } from "../swarm/connection.ts";
import type { Service } from "../swarm/docker-objects.ts";

/**
 * Refuses a node to pin to that does not exist, before anything is changed. Hostnames are compared as Swarm does, case
 * ignored (swarmkit manager/constraint).
 */
export function requireNode(hostname: string, nodes: readonly SwarmNode[]): void {
  if (nodes.some((node) => sameHostname(node.hostname, hostname))) return;
  throw new InputError({
    path: "holdfast:node",
    expected: `the hostname of a node of this swarm (${nodes.map((node) => node.hostname).join(", ")})`,
    got: JSON.stringify(hostname),
    fix: "Set one of them with `npx holdfast config set node <hostname>`; data that was kept stays on its old node",
  });
}

/** The node to pin to where none is configured: the only one there is. */
export function onlyNode(nodes: readonly SwarmNode[]): string {
  const [first, ...others] = nodes;
  if (first !== undefined && others.length === 0) return first.hostname;
  throw new InputError({
    path: "holdfast:node",
    expected: `the node that keeps the data, one of ${nodes.map((node) => node.hostname).join(", ")}`,
    got: "nothing",
    fix: "Choose one with `npx holdfast config set node <hostname>`",
  });
}

/** Refuses a port that another service publishes where ours would be published. */
export function requireFreePort(
  wanted: { port: number; publishMode: string; service: string; node: string },
  services: readonly Service[],
): void {
  const holder = services.find(
    (service) =>
      service.Spec.Name !== wanted.service &&
      (service.Endpoint?.Ports ?? service.Spec.EndpointSpec?.Ports ?? []).some(
        (port) =>
          port.PublishedPort === wanted.port &&
          // Two ports in host mode meet only on one node.
          (port.PublishMode !== "host" || wanted.publishMode !== "host" || !isPinnedElsewhere(service, wanted.node)),
      ),
  );
  if (holder !== undefined) throw portInUse(wanted.port, `the service ${holder.Spec.Name}`);
}

/** The error about a port that something else has. */
export function portInUse(port: number, holder: string): InputError {
  return new InputError({
    path: "holdfast:port",
    expected: "a port that is free",
    got: `${port}, which is in use by ${holder}`,
    fix: "Set another with `npx holdfast config set port <number>`, or end what uses it",
  });
}

/** Whether a service publishes a port already. */
export function publishesPort(service: Service | undefined, port: number): boolean {
  return (service?.Spec.EndpointSpec?.Ports ?? []).some(({ PublishedPort }) => PublishedPort === port);
}

function isPinnedElsewhere(service: Service, hostname: string): boolean {
  const constraints = service.Spec.TaskTemplate.Placement?.Constraints ?? [];
  return constraints.some((constraint) => {
    const pinned = /^\s*node\.hostname\s*==\s*(\S+)\s*$/.exec(constraint)?.[1];
    return pinned !== undefined && !sameHostname(pinned, hostname);
  });
}

function sameHostname(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
