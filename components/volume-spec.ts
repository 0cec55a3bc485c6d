import type { Input } from "@pulumi/pulumi";
import type { Pin } from "../model/pin.ts";

/** What a service must know of a data volume to mount it. */
export interface VolumeSpec {
  /** How it is mounted: `volume` by name, `bind` by the path on the node. */
  type: "volume" | "bind";
  /** The name or the path on the node. */
  source: Input<string>;
  /** Options of the `local` driver, for a volume that the mount creates. */
  driverOptions?: Record<string, string>;
  /** The node that it lives on; none when every node reaches the same data. */
  pin?: Pin;
}
