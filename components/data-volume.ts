import * as pulumi from "@pulumi/pulumi";
import { InputError, showValue } from "../model/input-error.ts";
import type { VolumeSpec } from "./volume-spec.ts";

const specs = new WeakMap<DataVolume, VolumeSpec>();

/** For each run of a program, named by its connection to the engine: who writes which volume. */
const writers = new WeakMap<object, Map<string, string>>();
const noEngine = {};

/** What data may lie on: one of `LocalVolume`, `NetworkVolume`, `HostPath` and `ExistingVolume`, and nothing else. */
export abstract class DataVolume extends pulumi.ComponentResource {
  /** The volume's name, or the path on the node. */
  abstract readonly source: pulumi.Output<string>;

  protected constructor(type: string, name: string, opts: pulumi.ComponentResourceOptions | undefined) {
    super(`holdfast:index:${type}`, name, {}, opts);
  }

  /** Tells the services that will mount the volume what it is; the last step of a constructor. */
  protected describe(spec: VolumeSpec): pulumi.Output<string> {
    specs.set(this, spec);
    const source = pulumi.output(spec.source);
    this.registerOutputs({ source });
    return source;
  }
}

/**
 * Gives a volume to a service that writes it.
 *
 * @param service - name of the service's component
 * @param path - where the volume stands among the service's arguments, for the error
 * @returns what the service must know to mount it
 * @throws InputError when another service of the program writes the same data and the volume is not shared
 */
export function claimVolume(volume: DataVolume, service: string, path: string): VolumeSpec {
  const spec = specs.get(volume);
  if (spec === undefined) throw new TypeError("A data volume describes itself before a service mounts it.");
  const run = pulumi.runtime.getMonitor() ?? noEngine;
  const claims = writers.get(run) ?? new Map<string, string>();
  writers.set(run, claims);
  const writer = claims.get(spec.identity);
  if (writer !== undefined && writer !== service && spec.shared === undefined) {
    throw new InputError({
      path,
      expected: "a volume that no other service writes",
      got: `${spec.identity}, which ${showValue(writer)} writes`,
      fix: 'Give each service a volume of its own, or say on the volume why sharing is safe: shared: { reason: "…" }',
    });
  }
  claims.set(spec.identity, service);
  return spec;
}
