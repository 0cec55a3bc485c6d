/** Holdfast's own files at the top of a data volume, which say whose data it is and where it is (model/service/start-guard.ts). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { arrivingFile, movedFile, storeMarker, volumeLockFile, wantedFile } from "../../model/service/start-guard.ts";
import { orGone } from "./tree.ts";

/** Whether a name at the top of a volume is that of one of Holdfast's own files, which belong to the volume and not to the data. */
export function isOwnFile(name: string): boolean {
  return [storeMarker, volumeLockFile, arrivingFile, wantedFile, movedFile].some(
    (own) => name === own || name === `${own}.new`,
  );
}

/** Reads one of these files; undefined where there is none. */
export function readOwnFile(folder: string, name: string): Promise<string | undefined> {
  return orGone(readFile(join(folder, name), "utf8"));
}

/** Writes one of these files whole or not at all, so that it survives a power failure. */
export async function writeOwnFile(
  folder: string,
  name: string,
  text: string,
  { owner, isDurable = true }: { owner?: { uid: number; gid: number }; isDurable?: boolean } = {},
): Promise<void> {
  const place = join(folder, name);
  const file = await open(`${place}.new`, "w", 0o644);
  try {
    await file.writeFile(text);
    await file.chmod(0o644);
    if (owner) await file.chown(owner.uid, owner.gid);
    if (isDurable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${place}.new`, place);
  if (isDurable) await syncFolder(folder);
}

/** Removes one of these files for good. */
export async function removeOwnFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  await syncFolder(folder);
}

/** Makes what was made, renamed and removed in a folder survive a power failure. */
export async function syncFolder(folder: string | Buffer): Promise<void> {
  const file = await open(folder, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Who has the mark, and what it says. */
export async function readMark(folder: string): Promise<{ text: string; uid: number; gid: number } | undefined> {
  const text = await readOwnFile(folder, storeMarker);
  const found = await orGone(stat(join(folder, storeMarker)));
  return text === undefined || found === undefined || text.trim() === ""
    ? undefined
    : { text, uid: found.uid, gid: found.gid };
}

/** The data that was moved away: whose it is, where to, by which move, and the mark that it had. */
export interface Moved {
  readonly store: string;
  readonly destination: string;
  readonly move: string;
  readonly mark: string;
}

/** Reads where the data has gone; undefined where it has not. */
export async function readMoved(folder: string): Promise<Moved | undefined> {
  const [store, destination, move, ...mark] = ((await readOwnFile(folder, movedFile)) ?? "").split("\n");
  if (store === undefined || destination === undefined || move === undefined) return undefined;
  return { store, destination, move, mark: mark.join("\n") };
}

/**
 * Says that the data is elsewhere from now on: no server starts here any more. That the mark is gone is the moment at which it is
 * decided.
 */
export async function fence(folder: string, { store, destination, move, mark }: Moved): Promise<void> {
  await writeOwnFile(folder, movedFile, `${store}\n${destination}\n${move}\n${mark}`);
  await removeOwnFile(folder, storeMarker);
}

/** The lock that a running server has on its volume, taken by this process. */
export interface VolumeLock {
  /** Gives it back. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a volume once no server has it; the kernel gives it free when this process ends.
 *
 * @param seconds - how long to wait
 * @returns undefined where a server has it all that time
 */
export async function lockVolume(folder: string, seconds: number): Promise<VolumeLock | undefined> {
  // Node has no flock(2). The program ends when its input does, which is when this process ends.
  const holder = spawn("flock", ["--wait", String(seconds), join(folder, volumeLockFile), "cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(holder, "close");
  holder.stdin.on("error", () => undefined);
  holder.stdin.write("locked\n");
  // What it is given comes back once it has the lock. Where it cannot be started, this fails.
  const isHeld = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!isHeld) return undefined;
  return {
    release: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

/** Whether a server, or a start script, has the lock of a volume. */
export async function isLocked(folder: string): Promise<boolean> {
  if ((await orGone(stat(join(folder, volumeLockFile)))) === undefined) return false;
  const lock = await lockVolume(folder, 0);
  await lock?.release();
  return lock === undefined;
}
