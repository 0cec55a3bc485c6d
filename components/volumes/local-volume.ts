import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Pin } from "../../model/placement/pin.ts";
import { checkedArguments } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import { type KeptPlaces, requireNoTransform, type Transform, transformed } from "../arguments/transform.ts";
import { takesHooks } from "../hooks/hooks.ts";
import { nameCheck } from "../hooks/name-check.ts";
import { keepsLabels, ownerLabelList } from "../hooks/owner.ts";
import { DataVolume } from "./data-volume.ts";
import { localVolumeArguments } from "./volume-arguments.ts";
import { namedVolume, type SharedVolume, VolumeCreator, type VolumeSpec } from "./volume-spec.ts";

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
  /** Changes the volume that the provider creates; what the component relies on is still checked. @default none */
  transform?: VolumeTransforms;
}

/** A transform for what a component of a volume makes. */
export interface VolumeTransforms {
  /** Of the volume, with `createdBy: VolumeCreator.provider`. @default none */
  volume?: Transform<docker.VolumeArgs>;
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
    const given = checkedArguments(localVolumeArguments, args, name);
    const { volumeName = name, pin, createdBy, shared, transform } = given;
    const spec = checked(() => namedVolume(volumeName, pin, name));
    const volume =
      createdBy === VolumeCreator.provider ? this.#volume(`${name}-volume`, spec, transform, name) : undefined;
    if (volume === undefined) {
      checked(() => {
        requireNoTransform(transform?.volume, `${name}.transform.volume`, "a task creates the volume");
      });
    }
    this.source = this.describe({
      ...spec,
      source: volume?.name ?? spec.source,
      ...(volume === undefined && { madeByTask: volumeName }),
      ...(shared && { shared }),
    });
  }

  #volume(
    name: string,
    { source }: VolumeSpec,
    transform: VolumeTransforms | undefined,
    component: string,
  ): docker.Volume {
    const own = {
      name,
      args: { name: source, driver: "local", labels: ownerLabelList() },
      opts: {
        parent: this,
        protect: true,
        retainOnDelete: true,
        ...keepsLabels,
        ...(takesHooks() && { hooks: { beforeCreate: [nameCheck(this)] } }),
      },
    };
    const made = checked(() =>
      transformed<docker.VolumeArgs>(transform?.volume, own, kept, `${component}.transform.volume`),
    );
    return new docker.Volume(made.name, made.args, made.opts);
  }
}

const kept: KeptPlaces = {
  name: "Use the component's argument `volumeName`",
  driver: "Leave it: a volume of another driver is an `ExistingVolume` or a `NetworkVolume`",
};
