import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Pin } from "../../model/placement/pin.ts";
import { checkedArguments } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import { takesHooks } from "../hooks/hooks.ts";
import { nameCheck } from "../hooks/name-check.ts";
import { keepsLabels, ownerLabelList } from "../hooks/owner.ts";
import { DataVolume } from "./data-volume.ts";
import { localVolumeArguments } from "./volume-arguments.ts";
import { namedVolume, type SharedVolume, VolumeCreator } from "./volume-spec.ts";

export { VolumeCreator };

/** Arguments of {@link LocalVolume}. */
export interface LocalVolumeArgs {
  /** Name of the volume on its node. @default the component's name */
  volumeName?: string;
  /** The one node that the volume lives on; a volume does not follow a task. */
  pin: Pin;
  /** Who creates it; with `provider` it is a resource of the stack, protected and retained. @default VolumeCreator.task */
  createdBy?: VolumeCreator;
  /** Why several services may write it. @default they may not */
  shared?: SharedVolume;
}

/**
 * A volume of the driver `local`. It lives on one node and does not follow a task, so it carries its pin, and every service
 * that mounts it is pinned to that node.
 *
 * @example
 * const data = new LocalVolume("foobarstore", { pin: { hostname: "node-1" } });
 */
export class LocalVolume extends DataVolume {
  /** The volume's name. */
  readonly source: pulumi.Output<string>;

  constructor(name: string, args: LocalVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("LocalVolume", name, opts);
    const { volumeName = name, pin, createdBy, shared } = checkedArguments(localVolumeArguments, args, name);
    const spec = checked(() => namedVolume(volumeName, pin, name));
    const volume =
      createdBy === VolumeCreator.provider
        ? new docker.Volume(
            `${name}-volume`,
            { name: spec.source, driver: "local", labels: ownerLabelList() },
            {
              parent: this,
              protect: true,
              retainOnDelete: true,
              ...keepsLabels,
              ...(takesHooks() && { hooks: { beforeCreate: [nameCheck(this)] } }),
            },
          )
        : undefined;
    this.source = this.describe({
      ...spec,
      source: volume?.name ?? spec.source,
      ...(volume === undefined && { madeByTask: volumeName }),
      ...(shared && { shared }),
    });
  }
}
