import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { pinConstraint, type Pin } from "../model/pin.ts";
import { requireVolumeName } from "../model/volume-name.ts";
import { checked } from "./checked.ts";
import { DataVolume } from "./data-volume.ts";

/** Who creates a local volume. */
export const VolumeCreator = {
  /** The mount of the first task creates it, on whatever node the task runs: always the right one. */
  task: "task",
  /** The engine that the provider is connected to; right where that engine is the pinned node. */
  provider: "provider",
} as const;

export type VolumeCreator = (typeof VolumeCreator)[keyof typeof VolumeCreator];

/** Arguments of {@link LocalVolume}. */
export interface LocalVolumeArgs {
  /** Name of the volume on its node. @default the component's name */
  volumeName?: string;
  /** The one node that the volume lives on. */
  pin: Pin;
  /** Who creates it; with `provider` it is a resource of the stack, protected and retained. @default VolumeCreator.task */
  createdBy?: VolumeCreator;
}

/**
 * A volume of the driver `local`. It lives on one node and does not follow a task, so it carries its pin, and every service
 * that mounts it is pinned to that node.
 *
 * @example
 * const data = new LocalVolume("foobarstore", { pin: { hostname: "node-1" } });
 */
export class LocalVolume extends DataVolume {
  constructor(name: string, args: LocalVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:LocalVolume", name, opts);
    const volumeName = checked(() => {
      pinConstraint(args.pin, `${name}.pin`);
      return requireVolumeName(args.volumeName ?? name, `${name}.volumeName`);
    });
    const volume =
      args.createdBy === VolumeCreator.provider
        ? new docker.Volume(
            `${name}-volume`,
            { name: volumeName, driver: "local" },
            { parent: this, protect: true, retainOnDelete: true },
          )
        : undefined;
    this.registerOutputs(this.describe({ type: "volume", source: volume?.name ?? volumeName, pin: args.pin }));
  }
}
