import type * as pulumi from "@pulumi/pulumi";
import { checkedArguments } from "../arguments/arguments.ts";
import { DataVolume } from "./data-volume.ts";
import { type NodeReach, pinOfReach } from "./node-reach.ts";
import { existingVolumeArguments } from "./volume-arguments.ts";
import { namedVolume, type SharedVolume } from "./volume-spec.ts";

/** Arguments of {@link ExistingVolume}. */
export interface ExistingVolumeArgs {
  /** Name of the volume. @default the component's name */
  volumeName?: string;
  /** Where it is: on the one node of a pin, or, with a driver that spans nodes, on `everyNode`. */
  on: NodeReach;
  /** Why several services may write it. @default they may not */
  shared?: SharedVolume;
}

/**
 * A volume that is managed elsewhere: the program never creates, changes or deletes it.
 *
 * @example
 * const data = new ExistingVolume("foobarstore", { on: { hostname: "node-1" } });
 */
export class ExistingVolume extends DataVolume {
  constructor(name: string, args: ExistingVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ExistingVolume", name, opts, () => {
      const { volumeName = name, on, shared } = checkedArguments(existingVolumeArguments, args, name);
      return { ...namedVolume(volumeName, name), pin: pinOfReach(on), shared };
    });
  }
}
