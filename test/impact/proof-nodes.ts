/** Changes on a swarm of three nodes, where the service's node is neither the manager nor the only one. */
import { startLab, type Lab, type LabOptions } from "../../lab/lab.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";
import { nodeOf, until } from "../support/lab-service.ts";
import type { ProofSwarm } from "./proof.ts";

/** A change, and what is wrong with the service's node while it is made. */
export interface NodeChange {
  readonly change: string;
  readonly node?: "drained" | "lost";
}

/** What is proved across nodes. */
export const nodeChanges: readonly NodeChange[] = [
  ...[
    "memory-limit",
    "mount-renamed",
    "pin-moved",
    "pin-moved+hosts",
    "pin-moved+memory-limit",
    "pin-widened",
    "pin-widened+memory-limit",
    "replicas-zero",
    "service-removed",
    "service-removed+volume-removed",
    "volume-labels+memory-limit",
    "volume-removed",
    "volume-renamed",
  ].map((change) => ({ change })),
  { change: "memory-limit", node: "drained" },
  { change: "pin-moved", node: "drained" },
  { change: "memory-limit", node: "lost" },
  { change: "pin-moved+memory-limit", node: "lost" },
];

/** A lab as the proof sees it: `node-1` carries changes out, the service runs on `node-2`. */
export function proofSwarmOf(lab: Lab): ProofSwarm {
  const [manager, home, other] = [nodeOf(lab, 1), nodeOf(lab, 2), nodeOf(lab, 3)];
  return {
    dockerHost: manager.dockerHost,
    engines: lab.nodes.map(({ dockerHost }) => dockerHost),
    nodeHostname: home.name,
    nodeAddress: home.address,
    otherHostname: other.name,
    redisImage: lab.redisImage,
  };
}

/**
 * Puts the service's node out of order, and waits until Swarm has noticed.
 *
 * @returns what puts it in order again
 */
export async function putOutOfOrder(
  lab: Lab,
  options: LabOptions,
  state: "drained" | "lost",
): Promise<() => Promise<void>> {
  const home = nodeOf(lab, 2);
  const manager = findEngine({ host: nodeOf(lab, 1).dockerHost });
  const isSo = (availability: string, ready: string): Promise<void> =>
    until(async () => {
      const nodes = await listNodes(manager);
      return nodes.some(
        (node) => node.hostname === home.name && node.availability === availability && node.state === ready,
      );
    }, `${home.name} is ${availability} and ${ready}`);
  const setAvailability = async (availability: "active" | "drain"): Promise<void> => {
    const node = manager.docker.getNode(home.name);
    const { Version, Spec } = (await node.inspect()) as { Version: { Index: number }; Spec: object }; // Docker's own form.
    await node.update({ version: Version.Index, ...Spec, Availability: availability });
    await isSo(availability, "ready");
  };
  if (state === "drained") {
    await setAvailability("drain");
    return () => setAvailability("active");
  }
  await killNode(lab.directory, home.name);
  await isSo("active", "down");
  return async () => {
    await startLab(options);
  };
}
