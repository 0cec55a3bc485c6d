import * as pulumi from "@pulumi/pulumi";
import type { VolumeSpec } from "./volume-spec.ts";

const specs = new WeakMap<DataVolume, VolumeSpec>();

/** What data may lie on: one of `LocalVolume`, `NetworkVolume`, `HostPath` and `ExistingVolume`, and nothing else. */
export abstract class DataVolume extends pulumi.ComponentResource {
  /** The volume's name, or the path on the node. */
  declare readonly source: pulumi.Output<string>;

  protected constructor(type: string, name: string, opts: pulumi.ComponentResourceOptions | undefined) {
    super(type, name, {}, opts);
  }

  /** Tells the services that will mount the volume what it is; the last step of a constructor. */
  protected describe(spec: VolumeSpec): { source: pulumi.Output<string> } {
    specs.set(this, spec);
    return { source: pulumi.output(spec.source) };
  }
}

/** What a service must know to mount the volume. */
export function volumeSpec(volume: DataVolume): VolumeSpec {
  const spec = specs.get(volume);
  if (spec === undefined) throw new TypeError("A data volume describes itself before a service mounts it.");
  return spec;
}
