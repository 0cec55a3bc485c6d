import type * as pulumi from "@pulumi/pulumi";
import { checkedArguments } from "../arguments/arguments.ts";
import { DataVolume } from "./data-volume.ts";
import { type NodeReach, pinOfReach } from "./node-reach.ts";
import { hostPathArguments } from "./volume-arguments.ts";
import type { SharedVolume } from "./volume-spec.ts";

/** Arguments of {@link HostPath}. */
export interface HostPathArgs {
  /** The folder; it must exist, because Swarm does not create it. */
  hostPath: string;
  /** Where it exists: on the one node of a pin, or, as with a distributed file system, on `everyNode` with the same content. */
  on: NodeReach;
  /** Why several services may write it. @default they may not */
  shared?: SharedVolume;
}

/**
 * A folder of the nodes, mounted into the container.
 *
 * @example
 * const data = new HostPath("data", { hostPath: "/mnt/gluster/redis", on: everyNode });
 */
export class HostPath extends DataVolume {
  constructor(name: string, args: HostPathArgs, opts?: pulumi.ComponentResourceOptions) {
    super("HostPath", name, opts, () => {
      const { hostPath, on, shared } = checkedArguments(hostPathArguments, args, name);
      return { type: "bind", source: hostPath, identity: `path ${hostPath}`, pin: pinOfReach(on), shared };
    });
  }
}
