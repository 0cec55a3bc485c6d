import { createHash } from "node:crypto";
import type { Input } from "@pulumi/pulumi";
import { InputError, showValue } from "../model/input-error.ts";
import { pinConstraint, type Pin } from "../model/pin.ts";
import { requireVolumeName } from "../model/volume-name.ts";

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
  pin?: Pin;
  /** Why several services may write it. */
  shared?: SharedVolume;
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

/** A volume by its name. */
export function namedVolume(volumeName: string, pin: Pin | undefined, path: string): VolumeSpec {
  requireVolumeName(volumeName, `${path}.volumeName`);
  return pinned({ type: "volume", source: volumeName, identity: `volume ${volumeName}` }, pin, path);
}

/** A folder of the node. */
export function hostPath(folder: string, pin: Pin | undefined, path: string): VolumeSpec {
  if (!/^\/[^:]*[^:/]$/u.test(folder)) {
    throw new InputError({
      path: `${path}.hostPath`,
      expected: "an absolute path, without a slash at its end",
      got: showValue(folder),
      fix: "Write for example /srv/redis",
    });
  }
  return pinned({ type: "bind", source: folder, identity: `path ${folder}` }, pin, path);
}

/**
 * An NFS export as a volume of the driver `local`.
 *
 * Docker ignores changed options on a volume that exists, without a word (docker/cli#1279), so the name carries a digest of
 * the options: other options are another volume.
 */
export function nfsVolume(volumeName: string, nfs: NfsExport, path: string): VolumeSpec {
  const { server, exportPath, mountOptions } = nfs;
  for (const [argument, value, rule] of [
    ["server", server, /^[\w.:-]+$/u],
    ["exportPath", exportPath, /^\/[^\s,]*$/u],
    ["mountOptions", mountOptions, /^[\w=.,:-]+$/u],
  ] as const) {
    if (rule.test(value) && !(argument === "mountOptions" && /(^|,)addr=/u.test(value))) continue;
    throw new InputError({
      path: `${path}.${argument}`,
      expected: "what mount.nfs takes, without spaces, and the address as the server alone",
      got: showValue(value),
      fix: 'Write for example server "10.0.0.9", exportPath "/srv/redis", mountOptions "nfsvers=4.2,hard"',
    });
  }
  const driverOptions = { type: "nfs", device: `:${exportPath}`, o: `addr=${server},${mountOptions}` };
  const digest = createHash("sha256").update(JSON.stringify(driverOptions)).digest("hex").slice(0, 8);
  const source = `${requireVolumeName(volumeName, `${path}.volumeName`)}-${digest}`;
  return { type: "volume", source, identity: `nfs ${server}:${exportPath}`, driverOptions };
}

function pinned(spec: VolumeSpec, pin: Pin | undefined, path: string): VolumeSpec {
  if (pin === undefined) return spec;
  pinConstraint(pin, `${path}.pin`);
  return { ...spec, pin };
}
