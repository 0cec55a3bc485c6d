import { createHash } from "node:crypto";
import type { Input } from "@pulumi/pulumi";
import type { Pin } from "../../model/placement/pin.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";

/** Who creates a local volume. */
export const VolumeCreator = {
  /** The mount of the first task creates it, on whatever node the task runs: always the right one. */
  task: "task",
  /** The engine that the provider is connected to; right where that engine is the pinned node. */
  provider: "provider",
} as const;

export type VolumeCreator = (typeof VolumeCreator)[keyof typeof VolumeCreator];

/** Says that several services write one volume, and why that is safe. */
export interface SharedVolume {
  /** Why the writers do not destroy each other's data. */
  reason: string;
}

/** What a service needs to know about a data volume to mount it. */
export interface VolumeSpec {
  /** How it is mounted: `volume` by name, `bind` by the path on the node. */
  type: "volume" | "bind";
  /** The name or the path on the node, as an output where a resource creates the volume. */
  source: Input<string>;
  /** What the data is called on its node; on one node two volumes with the same identity are the same data. */
  identity: string;
  /** Options of the `local` driver, for a volume that the mount creates. */
  driverOptions?: Record<string, string>;
  /** The node that it lives on; none when every node reaches the same data. */
  pin?: Pin | undefined;
  /** Why several services may write it. */
  shared?: SharedVolume | undefined;
  /** Its name, where the mount of a task creates it for the stack: a label of the service says so. */
  madeByTask?: string;
}

/** An NFS export. */
export interface NfsExport {
  /** Address of the server. */
  server: string;
  /** Path that the server exports. */
  exportPath: string;
  /** Mount options besides the address, such as `nfsvers=4.2,hard`. */
  mountOptions: string;
}

/**
 * A volume by its name, which is the component's unless an argument says otherwise.
 *
 * @throws InputError when Docker would not take the name
 */
export function namedVolume(volumeName: string, path: string): VolumeSpec {
  requireVolumeName(volumeName, `${path}.volumeName`);
  return { type: "volume", source: volumeName, identity: `volume ${volumeName}` };
}

/**
 * An NFS export as a volume of the driver `local`.
 *
 * Docker silently ignores changed options of an existing volume (docker/cli#1279), so the name contains a digest of the options:
 * other options mean another volume.
 */
export function nfsVolume(volumeName: string, nfs: NfsExport, path: string): VolumeSpec {
  const { server, exportPath, mountOptions } = nfs;
  const driverOptions = { type: "nfs", device: `:${exportPath}`, o: `addr=${server},${mountOptions}` };
  const digest = createHash("sha256").update(JSON.stringify(driverOptions)).digest("hex").slice(0, 8);
  const source = `${requireVolumeName(volumeName, `${path}.volumeName`)}-${digest}`;
  return { type: "volume", source, identity: `nfs ${server}:${exportPath}`, driverOptions };
}
