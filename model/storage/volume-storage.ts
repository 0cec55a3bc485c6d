import {
  isKnown,
  notKnown,
  type Known,
  type Mount,
  type VolumeDefinition,
  type VolumeOptions,
} from "../service/definition.ts";

/** Where a named volume's bytes really are. */
export type Storage =
  /** On the node where the task starts: a plain local volume, or a folder of the host behind one. */
  | "local"
  /** On a file server that every node reaches through the local driver's options. */
  | "network"
  /** In memory: the local driver with `type=tmpfs`. */
  | "memory"
  /** Wherever a plug-in or cluster volume keeps it. */
  | "plug-in";

const networkTypes = /^(?:nfs\d?|cifs|smb\d?|ceph|glusterfs|9p|lustre|fuse(?:\..+)?|davfs\d?|sshfs)$/;
const sharedFolder =
  /(?:^|[/_-])(?:gluster(?:fs)?|gfs|ceph(?:fs)?|nfs\d?|efs|juicefs|seaweedfs|moosefs|mfs|lizardfs|beegfs|ocfs2|gpfs|lustre|smb|cifs|shared)\d*(?:$|[/_-])/i;

/**
 * The options that a mount's volume has or will get: the mount's own, else those of the volume of that name, else the local
 * driver's defaults. Not known for an external volume.
 */
export function optionsOf(mount: Mount, volume: VolumeDefinition | undefined): Known<VolumeOptions | undefined> {
  if (mount.volumeOptions !== undefined) return mount.volumeOptions;
  if (volume !== undefined) return volume.options;
  return mount.external ? notKnown : undefined;
}

/** Where the bytes of a volume with these options are. */
export function storageOf(mount: Mount, volume: VolumeDefinition | undefined): Known<Storage> {
  if (mount.type === "cluster") return "plug-in";
  const options = optionsOf(mount, volume);
  if (!isKnown(options)) return notKnown;
  if (options === undefined) return "local";
  const { driver, driverOptions } = options;
  if (!isKnown(driver)) return notKnown;
  if (driver !== undefined && driver !== "" && driver !== "local") return "plug-in";
  if (!isKnown(driverOptions)) return notKnown;
  const { type, device } = driverOptions;
  if (type === notKnown) return notKnown;
  if (type !== undefined && networkTypes.test(type)) return "network";
  if (type === "tmpfs") return "memory";
  if (device === notKnown) return notKnown;
  // The host folder behind a local volume may be mounted from the same server on every node.
  return device !== undefined && looksShared(device) ? notKnown : "local";
}

/** Whether a host path has the name of a file system that several nodes mount; this is a guess from the name alone. */
export function looksShared(hostPath: string): boolean {
  return sharedFolder.test(hostPath);
}

/** Whether two sets of options are equal; Swarm treats a missing driver as `local`. */
export function sameOptions(one: VolumeOptions, other: VolumeOptions): Known<boolean> {
  if (!isKnown(one.driver) || !isKnown(other.driver)) return notKnown;
  if ((one.driver ?? "local") !== (other.driver ?? "local")) return false;
  if (!isKnown(one.driverOptions) || !isKnown(other.driverOptions)) return notKnown;
  const keys = new Set([...Object.keys(one.driverOptions), ...Object.keys(other.driverOptions)]);
  let answer: Known<boolean> = true;
  for (const key of keys) {
    const [left, right] = [one.driverOptions[key], other.driverOptions[key]];
    if (left === notKnown || right === notKnown) answer = notKnown;
    else if (left !== right) return false;
  }
  return answer;
}
