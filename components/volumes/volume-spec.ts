import { createHash } from "node:crypto";
import type { Input } from "@pulumi/pulumi";
import type { Pin } from "../../model/placement/pin.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import { InputError, showValue } from "../../text/input-error.ts";

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

/** What a service must know of a data volume to mount it. */
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
 * Checks the path of a folder on a node.
 *
 * @throws InputError when it does not begin with a slash, or ends with one
 */
export function requireHostPath(folder: string, path: string): string {
  if (/^\/[^:]*[^:/]$/u.test(folder)) return folder;
  throw new InputError({
    path,
    expected: "an absolute path, without a slash at its end",
    got: showValue(folder),
    fix: "Write for example /srv/redis",
  });
}

/**
 * An NFS export as a volume of the driver `local`.
 *
 * Docker ignores changed options on a volume that exists, without a word (docker/cli#1279), so the name carries a digest of
 * the options: other options are another volume.
 */
export function nfsVolume(volumeName: string, nfs: NfsExport, path: string): VolumeSpec {
  const { server, exportPath, mountOptions } = nfs;
  const driverOptions = { type: "nfs", device: `:${exportPath}`, o: `addr=${server},${mountOptions}` };
  const digest = createHash("sha256").update(JSON.stringify(driverOptions)).digest("hex").slice(0, 8);
  const source = `${requireVolumeName(volumeName, `${path}.volumeName`)}-${digest}`;
  return { type: "volume", source, identity: `nfs ${server}:${exportPath}`, driverOptions };
}

/**
 * Checks the address of an NFS server.
 *
 * @throws InputError when mount.nfs would not take it
 */
export function requireNfsServer(server: string, path: string): void {
  if (!/^[\w.:-]+$/u.test(server)) throw notNfs(server, path);
}

/**
 * Checks the path that an NFS server exports.
 *
 * @throws InputError when mount.nfs would not take it
 */
export function requireExportPath(exportPath: string, path: string): void {
  if (!/^\/[^\s,]*$/u.test(exportPath)) throw notNfs(exportPath, path);
}

/** Mount options that lose what was written, or let nothing be written. */
const softMount =
  "A soft mount gives up a write that the server does not answer in time, which leaves the data incomplete";
const losingOptions: ReadonlyMap<string, string> = new Map([
  ["soft", softMount],
  ["softerr", softMount],
  ["ro", "A read-only mount takes no data"],
]);

/**
 * Checks the mount options of an NFS export.
 *
 * @throws InputError when mount.nfs would not take them, when they name the server, or when they lose writes
 */
export function requireMountOptions(mountOptions: string, path: string): void {
  if (!/^[\w=.,:-]+$/u.test(mountOptions) || /(^|,)addr=/u.test(mountOptions)) throw notNfs(mountOptions, path);
  const options = mountOptions.split(",");
  const losing = options.find((option) => losingOptions.has(option));
  if (losing === undefined) return;
  throw new InputError({
    path,
    expected: "a mount that waits for its server and can be written",
    got: showValue(losing),
    fix: `${losingOptions.get(losing) ?? ""}: write "nfsvers=4.2,hard" for example`,
  });
}

function notNfs(value: string, path: string): InputError {
  return new InputError({
    path,
    expected: "what mount.nfs takes, without spaces, and the address as the server alone",
    got: showValue(value),
    fix: 'Write for example server "10.0.0.9", exportPath "/srv/redis", mountOptions "nfsvers=4.2,hard"',
  });
}
