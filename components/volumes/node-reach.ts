import type { Pin } from "../../model/placement/pin.ts";

/** Says that every node of the swarm reaches the same data. */
export interface EveryNode {
  everyNode: true;
}

/** {@link EveryNode} as a value. */
export const everyNode: EveryNode = { everyNode: true };

/** Where data is: on one node, or wherever a task runs. */
export type NodeReach = Pin | EveryNode;

/** The pin of data on one node; nothing when every node reaches it. */
export function pinOfReach(reach: NodeReach): Pin | undefined {
  return "everyNode" in reach ? undefined : reach;
}
