import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { SituationError } from "../../text/situation-error.ts";
import type { Toolbox } from "../host/toolbox.ts";

/**
 * The disk of a lab's node: a file system of limited size in one file, so that a node can run out of space while the
 * machine does not. It is mounted in the mount namespace of the node's engine only, and so goes with its last process.
 */
export interface NodeDisk {
  /** The file that holds the file system; it takes only as much of the machine's disk as is used of it. */
  readonly image: string;
  /** Where the engine sees it: its data root. */
  readonly mountPoint: string;
}

/** The size of a node's disk. */
const diskBytes = 8e9;

/** The file that fills a disk. */
export const ballastName = "holdfast-ballast";

/** Makes the file system if it is not there yet. No block of it is kept back for root, so that full is full. */
export async function makeDisk({ image, mountPoint }: NodeDisk, toolbox: Toolbox): Promise<void> {
  await mkdir(mountPoint, { recursive: true });
  if (existsSync(image)) return;
  const partial = `${image}.new`;
  await writeFile(partial, "");
  await truncate(partial, diskBytes);
  await execa("mkfs.ext4", ["-q", "-F", "-m", "0", partial], { env: toolbox.environment });
  await rename(partial, image);
}

const detachLimitMs = 15_000;

/**
 * Waits until the kernel has let go of the disks in a folder, which it does a little after the last process that saw them
 * mounted has ended. Mounted twice, a file system would be damaged.
 *
 * @throws SituationError when one is still in use after 15 s.
 */
export async function untilDetached(directory: string): Promise<void> {
  const deadline = Date.now() + detachLimitMs;
  for (;;) {
    const attached = await attachedDisks(directory);
    if (attached.length === 0) return;
    if (Date.now() > deadline) {
      throw new SituationError({
        what: `The lab's disks are still in use: ${attached.join(", ")}`,
        fix: "See what keeps them (`losetup --list`, `findmnt --task`), end it and try again",
      });
    }
    await sleep(30);
  }
}

/** The files below a folder that a loop device of the kernel is attached to (sysfs, `block/loopN/loop/backing_file`). */
export async function attachedDisks(directory: string): Promise<string[]> {
  const devices = (await readdir("/sys/block")).filter((name) => name.startsWith("loop"));
  const files = await Promise.all(
    devices.map((name) => readFile(join("/sys/block", name, "loop/backing_file"), "utf8").catch(() => "")),
  );
  return files.map((file) => file.trim()).filter((file) => file.startsWith(`${directory}/`));
}

/** Takes all free space of a disk, without writing that much to the machine's: the blocks are only given away. */
export async function fillDisk(disk: NodeDisk, pid: number): Promise<void> {
  const mounted = seenBy(pid, disk);
  const { bavail, bsize } = await statfs(mounted);
  if (bavail === 0) return;
  const size = String(bavail * bsize);
  // It takes what there is and then complains, for its own bookkeeping needs a few blocks more.
  await execa("fallocate", ["--length", size, join(mounted, ballastName)], { reject: false });
}

/** Gives back what {@link fillDisk} took. */
export async function freeDisk(disk: NodeDisk, pid: number): Promise<void> {
  await rm(join(seenBy(pid, disk), ballastName), { force: true });
}

/** Whether {@link fillDisk} has taken the space of a disk. */
export function isFilled(disk: NodeDisk, pid: number): boolean {
  return existsSync(join(seenBy(pid, disk), ballastName));
}

/** A disk as a process sees it that has it mounted (proc(5), `/proc/PID/root`). */
function seenBy(pid: number, { mountPoint }: NodeDisk): string {
  return join(`/proc/${pid}/root`, mountPoint);
}
