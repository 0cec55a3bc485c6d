import * as pulumi from "@pulumi/pulumi";
import { areOtherNodes, isSameConstraint, type Pin, pinConstraint } from "../../model/placement/pin.ts";
import { InputError } from "../../text/input-error.ts";
import { type PublishedPort, PublishMode } from "./ports.ts";

/** A port of a node that a service publishes. */
interface Claim {
  service: string;
  published: number;
  mode: PublishMode;
  /** The node as a constraint; none when the task may run on several. */
  node: string | undefined;
}

/** What the services of a program publish, for each run, named by its connection to the engine. */
const claims = new WeakMap<object, Claim[]>();
const noEngine = {};

/** A service and what decides where its ports are. */
export interface PortClaim {
  /** Name of the service's component. */
  service: string;
  ports: readonly PublishedPort[];
  /** The one node of its volumes. */
  pin: Pin | undefined;
  /** Whether no task runs; then nothing is published in host mode. */
  stopped: boolean;
}

/**
 * Notes the ports that a service publishes.
 *
 * @param resource - what a warning is about
 * @throws InputError when another service of the program certainly publishes one of them at the same place; if that depends on
 * where Swarm puts the tasks, Pulumi's log gets a warning
 */
export function claimPorts({ service, ports, pin, stopped }: PortClaim, resource: pulumi.Resource): void {
  const run = pulumi.runtime.getMonitor() ?? noEngine;
  const node = pin && pinConstraint(pin, service);
  const earlier = claims.get(run) ?? [];
  const ours = ports
    .map(({ published, mode = PublishMode.host }): Claim => ({ service, published, mode, node }))
    .filter(({ mode }) => mode === PublishMode.ingress || !stopped);
  for (const claim of ours) {
    const met = earlier
      .filter((other) => other.service !== service && other.published === claim.published)
      .map((other) => ({ other, meeting: meetingOf(claim, other) }));
    const certain = met.find(({ meeting }) => meeting === "certain");
    if (certain !== undefined) throw taken(claim, certain.other);
    const possible = met.find(({ meeting }) => meeting === "possible");
    if (possible !== undefined) void pulumi.log.warn(taken(claim, possible.other).message, resource);
  }
  claims.set(run, [...earlier, ...ours]);
}

/** Ports of the routing mesh are every node's; two in host mode meet only on one node. */
function meetingOf(one: Claim, other: Claim): "certain" | "possible" | "none" {
  if (one.mode === PublishMode.ingress || other.mode === PublishMode.ingress) return "certain";
  if (one.node === undefined || other.node === undefined) return "possible";
  if (isSameConstraint(one.node, other.node)) return "certain";
  return areOtherNodes(one.node, other.node) ? "none" : "possible";
}

function taken({ service, published }: Claim, other: Claim): InputError {
  return new InputError({
    path: `${service}: port ${published}`,
    expected: "a port that no other service of the program publishes on the same node",
    got: `one that ${other.service} publishes, too`,
    fix: "Choose another port for one of them, or pin them to two nodes",
  });
}
