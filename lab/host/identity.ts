import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * What a lab is called on the machine. A lab is one folder with everything that a throwaway swarm needs; whatever it
 * leaves outside that folder (processes, cgroups, links, namespaces) bears the lab's id, so that it can be found again
 * after a crash or a reboot without any record.
 */
export interface LabIdentity {
  /** Eight hexadecimal digits made from the folder's path: short enough for the name of a network link (15 bytes). */
  readonly id: string;
  /** The folder, absolute and without symbolic links. */
  readonly directory: string;
  /** Where sockets lie: inside the folder, or under /run where the path would be too long for a socket. */
  readonly runDirectory: string;
}

/** Linux takes 107 bytes for the path of a Unix socket (unix(7), `sun_path`). */
const socketPathLimitBytes = 107;
/** The longest path that dockerd makes a socket at, below the run directory (with room for a node's name). */
const longestSocketPath = "node-1/exec/containerd/containerd-debug.sock";

/** Names the lab that lives in a folder; the folder need not exist yet. */
export function labIdentity(directory: string): LabIdentity {
  const path = realPath(directory);
  const id = createHash("sha256").update(path).digest("hex").slice(0, 8);
  const inside = join(path, "run");
  const fits = Buffer.byteLength(join(inside, longestSocketPath)) <= socketPathLimitBytes;
  return { id, directory: path, runDirectory: fits ? inside : `/run/holdfast-${id}` };
}

/** The real path of a folder of which only the upper part may exist. */
function realPath(directory: string): string {
  const path = resolve(directory);
  try {
    return realpathSync(path);
  } catch {
    const parent = resolve(path, "..");
    return parent === path ? path : join(realPath(parent), path.slice(parent.length));
  }
}
