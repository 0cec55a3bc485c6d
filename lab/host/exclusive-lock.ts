import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateFolder } from "../../swarm/engine/private-folder.ts";

/**
 * Holds the lock on the file `$1` until its input ends. A process that waited for one that was removed meanwhile has the lock of a file that
 * no one else will find, and tries again. It outlives the process that wanted the lock, for then it has a file to remove.
 */
const holding = `
trap "" PIPE
while :; do
  exec 9>>"$1"
  flock --exclusive 9 || exit
  if [ /proc/self/fd/9 -ef "$1" ]; then break; fi
done
echo held 2>/dev/null
cat >/dev/null
rm -f "$1"`;

/** How long to wait for a lock before reporting it, in milliseconds. */
const silenceMs = 1000;

/**
 * Runs `work` while no other process of this user on this machine runs anything under the same name, waiting for its turn.
 *
 * The lock is one of flock(1) on a file that no other user can reach. It is held by a process whose input comes from this one: the
 * kernel ends both locks and input with their process, however it ends, so there is no stale lock to recognise. The file is removed
 * with the lock; that of a holder that was itself killed stays, locks nothing, and is removed by the next.
 *
 * @param onWait - called once when the lock is not free within a second; default: a line on the standard error
 */
export async function withExclusiveLock<T>(
  name: string,
  work: () => Promise<T>,
  onWait: (lockFile: string) => void = tellWaiting,
): Promise<T> {
  const file = lockFile(name);
  const holder = spawn("sh", ["-c", holding, "sh", file], {
    stdio: ["pipe", "pipe", "inherit"],
    // A Ctrl-C at the terminal is this process' to judge; the lock is held until its work has ended.
    detached: true,
  });
  const timer = setTimeout(onWait, silenceMs, file);
  const ended = once(holder, "close");
  try {
    const first = await Promise.race([once(holder.stdout, "data"), ended]);
    if (!Buffer.isBuffer(first[0])) throw new Error(`the lock ${file} cannot be had: exit code ${String(first[0])}`);
    clearTimeout(timer);
    return await work();
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
    await ended;
  }
}

/** The file of a lock, which exists while a process has the lock or waits for it; its folder is made. */
export function lockFile(name: string): string {
  const uid = process.getuid?.() ?? 0;
  const folder = uid === 0 ? "/run/holdfast-locks" : join(tmpdir(), `holdfast-locks-${uid}`);
  makePrivateFolder(folder);
  return join(folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
}

function tellWaiting(file: string): void {
  console.error(`Waiting: another process of yours is at work on the same (\`fuser -v ${file}\` shows which).`);
}
