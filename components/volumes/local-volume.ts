import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Pin } from "../../model/placement/pin.ts";
import { checkedArguments } from "../arguments/arguments.ts";
import { type KeptPlaces, requireNoTransform, type Transform, transformed } from "../arguments/transform.ts";
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
  constructor(name: string, args: LocalVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("LocalVolume", name, opts, (component) => {
      const given = checkedArguments(localVolumeArguments, args, name);
      const { volumeName = name, pin, createdBy, shared, transform } = given;
      const spec = { ...namedVolume(volumeName, name), pin, shared };
      const path = `${name}.transform.volume`;
      if (createdBy === VolumeCreator.provider) {
        const { name: source } = providerVolume(`${name}-volume`, volumeName, component, transform?.volume, path);
        return { ...spec, source };
      }
      requireNoTransform(transform?.volume, path, "a task creates the volume");
      return { ...spec, madeByTask: volumeName };
    });
  }
}

function providerVolume(
  name: string,
  volumeName: string,
  component: DataVolume,
  transform: Transform<docker.VolumeArgs> | undefined,
  path: string,
): docker.Volume {
  const own = {
    name,
    args: { name: volumeName, driver: "local", labels: ownerLabelList() },
    opts: {
      parent: component,
      protect: true,
      retainOnDelete: true,
      ...keepsLabels,
      ...(takesHooks() && { hooks: { beforeCreate: [nameCheck(component)] } }),
    },
  };
  const made = transformed<docker.VolumeArgs>(transform, own, kept, path);
  return new docker.Volume(made.name, made.args, made.opts);
}

const kept: KeptPlaces = {
  name: "Use the component's argument `volumeName`",
  driver: "Leave it: a volume of another driver is an `ExistingVolume` or a `NetworkVolume`",
};
