import * as pulumi from "@pulumi/pulumi";
import { areOtherNodes, pinConstraint } from "../../model/placement/pin.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { checkedName } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import type { VolumeSpec } from "./volume-spec.ts";

const specs = new WeakMap<DataVolume, VolumeSpec>();

/** A volume that a service writes. */
interface Claim {
  service: string;
  identity: string;
  /** The node as a constraint; none when every node reaches the same data. */
  node: string | undefined;
}

/** What the services of a program write, for each run, named by its connection to the engine. */
const claims = new WeakMap<object, Claim[]>();
const noEngine = {};

/** What data may be stored on: only `LocalVolume`, `NetworkVolume`, `HostPath` or `ExistingVolume`. */
export abstract class DataVolume extends pulumi.ComponentResource {
  /** The volume's name, or the path on the node. */
  readonly source: pulumi.Output<string>;

  /** @param describe - checks the arguments, and says what a service must know of the volume */
  protected constructor(
    type: string,
    name: string,
    opts: pulumi.ComponentResourceOptions | undefined,
    describe: (component: DataVolume) => VolumeSpec,
  ) {
    super(`holdfast:index:${type}`, checkedName(name, type), {}, opts);
    const spec = checked(() => describe(this));
    specs.set(this, spec);
    this.source = pulumi.output(spec.source);
    this.registerOutputs({ source: this.source });
  }
}

/** What a service needs to know about a volume to mount it. */
export function volumeSpec(volume: DataVolume): VolumeSpec {
  const spec = specs.get(volume);
  if (spec === undefined) throw new TypeError("A data volume describes itself before a service mounts it.");
  return spec;
}

/**
 * Gives a volume to a service that writes it.
 *
 * @param service - name of the service's component
 * @param path - the volume's path among the service's arguments, for the error
 * @returns what the service needs to know to mount it
 * @throws InputError when another service of the program may write the same data and the volume is not shared
 */
export function claimVolume(volume: DataVolume, service: string, path: string): VolumeSpec {
  const spec = volumeSpec(volume);
  const run = pulumi.runtime.getMonitor() ?? noEngine;
  const claim = { service, identity: spec.identity, node: spec.pin && pinConstraint(spec.pin, `${path}.pin`) };
  const earlier = claims.get(run) ?? [];
  const other = earlier.find((each) => each.service !== service && mayBeSame(each, claim));
  if (other !== undefined && spec.shared === undefined) {
    throw new InputError({
      path,
      expected: "a volume that no other service writes",
      got: `${describeClaim(claim)}, and ${showValue(other.service)} writes ${describeClaim(other)}`,
      fix: 'Give each service its own volume, pin both by the same mark if they are on different nodes, or say on the volume why sharing is safe: shared: { reason: "…" }',
    });
  }
  claims.set(run, [...earlier, claim]);
  return spec;
}

/** One name on two nodes is two volumes; but a hostname and a label, say, may be of one node. */
function mayBeSame(one: Claim, other: Claim): boolean {
  if (one.identity !== other.identity) return false;
  return one.node === undefined || other.node === undefined || !areOtherNodes(one.node, other.node);
}

function describeClaim({ identity, node }: Claim): string {
  return node === undefined ? identity : `${identity} on ${node}`;
}
