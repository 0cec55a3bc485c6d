import type * as pulumi from "@pulumi/pulumi";
import { checkedArguments } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
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
 * A volume that somebody else looks after: never created, changed or deleted by the program.
 *
 * @example
 * const data = new ExistingVolume("foobarstore", { on: { hostname: "node-1" } });
 */
export class ExistingVolume extends DataVolume {
  /** The volume's name. */
  readonly source: pulumi.Output<string>;

  constructor(name: string, args: ExistingVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ExistingVolume", name, opts);
    const { volumeName = name, on, shared } = checkedArguments(existingVolumeArguments, args, name);
    const spec = checked(() => namedVolume(volumeName, pinOfReach(on), name));
    this.source = this.describe({ ...spec, ...(shared && { shared }) });
  }
}
