/**
 * The lock of a stack, in the folder where Pulumi's file backend looks for it (pkg/backend/diy/lock.go): any file there
 * locks the stack for everybody else. Pulumi names its file by a random UUID and looks for others after it has written
 * its own; ours has one fixed name, which only one process can create, and then looks for Pulumi's likewise.
 */
import { unlinkSync, type Stats } from "node:fs";
import { link, lstat, readFile, readdir, unlink, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { kindOf, readRegularFile, readRegularFileSync } from "../../swarm/engine/regular-file.ts";
import { advised } from "../../text/advised-command.ts";
import { errorWords } from "../../text/error-text.ts";
import { printable } from "../../text/escape.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";
import { errorCode, explainWriteError, hasNoLinks, makeFolder, shownPath, temporaryName } from "./durable-file.ts";
import { passPoint } from "./write-points.ts";

const ownName = "holdfast.json";

const lockSchema = z.looseObject({
  pid: z.number().int(),
  username: z.string(),
  hostname: z.string(),
  /** RFC 3339, when it was taken. */
  timestamp: z.string(),
  /** Ours only: what tells the process from a later one with the same pid. */
  processStart: z.string().optional(),
});

/** Who holds a lock, and whether that process is known to be gone. */
export interface LockHolder {
  /** The lock file. */
  path: string;
  pid: number;
  username: string;
  hostname: string;
  since: string;
  /** True only where it is certain: on this host, no process of that pid is the one that took the lock. */
  gone: boolean;
  /** Why nobody can tell whose it is, as it reads after "which is"; it locks all the same. */
  unreadable?: string;
  /** What stood in it. */
  content?: string;
}

/** Another process is working on the stack, or was killed while it did. */
export class StackLockedError extends SituationError {
  readonly holders: readonly LockHolder[];

  constructor(holders: readonly LockHolder[], stackName: string) {
    const release = `release it with \`${advised("cancel")}\``;
    super({
      what: `The stack ${stackName} is locked by ${shownPath(holders[0]?.path ?? "")}: there is ${holders.map(lockWords).join(" and ")}`,
      fix: holders.every(({ gone }) => gone)
        ? release.replace("release it", "Release the lock")
        : `Wait until that run has ended and its lock is gone. If you are sure that nothing is working on the stack, ${release}`,
    });
    this.holders = holders;
  }
}

/** Describes a lock, as it reads after "there is". */
export function lockWords({ path, username, hostname: host, pid, since, gone, unreadable }: LockHolder): string {
  if (unreadable !== undefined) return `a lock that cannot be read, ${shownPath(path)}, which is ${unreadable}`;
  const who = `${username}@${host} (process ${String(pid)}) since ${since}`;
  return `a lock of ${who}${gone ? ", a process that is no longer running" : ""}`;
}

/** A lock that this process holds. */
export interface HeldLock {
  readonly path: string;
  /** What stands in the file, to know it again. */
  readonly content: string;
}

/**
 * Takes the lock of a stack.
 *
 * @param folder - `locks/organization/<project>/<stack>`
 * @throws StackLockedError when somebody else has it; it is never taken from them
 */
export async function takeLock(folder: string, stackName: string): Promise<HeldLock> {
  passPoint("lock.begin");
  const lock = { path: join(folder, ownName), content: JSON.stringify(await describeSelf()) };
  await makeFolder(folder).catch((error: unknown) => {
    throw noFolder(folder, error);
  });
  for (let attempt = 1; !(await createWhole(lock, stackName)); attempt++) {
    const holders = await readLocks(folder);
    // Where none is left, it was given back in the meantime: then it is a race with whoever else wants it.
    if (holders.length > 0) throw new StackLockedError(holders, stackName);
    if (attempt === mostAttempts) throw noFolder(folder, "another lock appears and disappears all the time");
  }
  hold(lock);
  passPoint("lock.linked");
  const others = (await readLocks(folder)).filter((holder) => holder.path !== lock.path);
  if (others.length > 0) {
    releaseLock(lock);
    throw new StackLockedError(others, stackName);
  }
  passPoint("lock.checked");
  return lock;
}

/** How often a lock is asked for that each time is given back before anybody can say whose it was. */
const mostAttempts = 20;

function noFolder(folder: string, problem: unknown): SituationError {
  return new SituationError({
    what: `The folder for the stack's locks, ${shownPath(folder)}, cannot be used: ${errorWords(problem)}`,
    fix: "Check what it is and who may write there",
  });
}

const held = new Set<HeldLock>();

/** However this process ends, save by `kill -9`, its locks go with it. */
function hold(lock: HeldLock): void {
  if (held.size === 0) process.on("exit", releaseHeld);
  held.add(lock);
}

function forget(lock: HeldLock): void {
  held.delete(lock);
  if (held.size === 0) process.off("exit", releaseHeld);
}

function releaseHeld(): void {
  for (const { path, content } of held) {
    try {
      unlinkWhere(path, content);
    } catch {
      // The process ends: whoever comes next finds the lock, and that nobody holds it.
    }
  }
}

/** Creates the lock file with all that is in it, at once; false when there is one already. */
async function createWhole({ path, content }: HeldLock, stackName: string): Promise<boolean> {
  // Not in the folder of the locks, where it would be taken for one.
  const temporary = temporaryName(join(dirname(dirname(path)), `${stackName}.lock`));
  await writeFile(temporary, content, { flag: "wx" }).catch((error: unknown) => {
    throw explainWriteError(error, path);
  });
  passPoint("lock.written");
  try {
    await link(temporary, path).catch(async (error: unknown) => {
      if (!hasNoLinks(error)) throw error;
      await writeFile(path, content, { flag: "wx" });
    });
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw explainWriteError(error, path);
    return false;
  } finally {
    await unlink(temporary);
  }
}

/** Gives a lock back, unless somebody has released it and somebody else holds it by now. */
export function releaseLock(lock: HeldLock): void {
  unlinkWhere(lock.path, lock.content);
  forget(lock);
  passPoint("lock.released");
}

/**
 * Who holds locks in a folder. Whatever lies there locks, also what cannot be read.
 *
 * @throws InputError when the folder cannot be read: then nobody knows
 */
export async function readLocks(folder: string): Promise<LockHolder[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw noFolder(folder, error);
  });
  const locks = names.filter((name) => !name.endsWith(".attrs")).map((name) => readLock(join(folder, name)));
  return (await Promise.all(locks)).filter((holder) => holder !== undefined);
}

/**
 * Removes locks of a stack that were looked at, and says which; one that has become somebody else's in the meantime stays.
 *
 * @throws InputError when one cannot be removed
 */
export async function releaseLocks(holders: readonly LockHolder[]): Promise<LockHolder[]> {
  const released: LockHolder[] = [];
  for (const holder of holders) {
    const { path, content } = holder;
    try {
      if (content === undefined ? !(await unlinkIfThere(path)) : !unlinkWhere(path, content)) continue;
      await unlinkIfThere(`${path}.attrs`);
    } catch (error) {
      throw new SituationError({
        what: `The lock ${shownPath(path)} cannot be removed: ${holder.unreadable === undefined ? errorWords(error) : `it is ${holder.unreadable}`}`,
        fix: "Check what it is, and remove it by hand if nothing is working on the stack",
      });
    }
    released.push(holder);
  }
  return released;
}

/** No lock is longer. */
const mostLockBytes = 64 * 1024;

async function readLock(path: string): Promise<LockHolder | undefined> {
  const nobody = { path, pid: 0, username: "?", hostname: "?", since: "an unknown time", gone: false };
  let text: string;
  try {
    text = await readRegularFile(path, mostLockBytes);
  } catch (error) {
    const status = await lstat(path).catch(() => undefined);
    if (status === undefined && errorCode(error) === "ENOENT") return undefined;
    return { ...nobody, unreadable: unreadableWords(error, status) };
  }
  const content = lockSchema.safeParse(jsonOrUndefined(text));
  // A file that tells nothing locks all the same: Pulumi may be about to write it.
  if (!content.success) return { ...nobody, content: text };
  const { pid, username, hostname: host, timestamp, processStart } = content.data;
  const gone = host === hostname() && (await isGone(pid, timestamp, processStart));
  // Whoever may write there chooses these words.
  return {
    path,
    pid,
    username: printable(username),
    hostname: printable(host),
    since: printable(timestamp),
    gone,
    content: text,
  };
}

function unreadableWords(error: unknown, status: Stats | undefined): string {
  if (errorCode(error) === "ENOENT") return "a link to nothing";
  if (errorCode(error) === "EACCES") return `another user's${status === undefined ? "" : ` (user id ${status.uid})`}`;
  return status === undefined || status.isFile() ? errorWords(error) : kindOf(status);
}

async function describeSelf(): Promise<z.infer<typeof lockSchema>> {
  return {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
    processStart: (await readProcess(process.pid))?.start,
  };
}

/** Whether the process that took a lock on this host has ended, be its pid free or somebody else's by now. */
async function isGone(pid: number, timestamp: string, lockedBy: string | undefined): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
  const found = await readProcess(pid);
  if (found === undefined) return false;
  if (found.hasEnded) return true;
  if (lockedBy !== undefined) return found.start !== lockedBy;
  const startedAt = await startTime(found.start);
  // The clock may have been set since; a minute is more than it is set by while a machine runs.
  return startedAt !== undefined && startedAt > Date.parse(timestamp) + 60_000;
}

/** A process as Linux shows it (proc(5), stat). */
interface FoundProcess {
  /** `<boot>/<ticks after boot>`, which no two processes of one pid share. */
  readonly start: string;
  /** Whether it is dead and only its parent has not taken notice; in a container nobody may ever do. */
  readonly hasEnded: boolean;
}

async function readProcess(pid: number): Promise<FoundProcess | undefined> {
  const [boot, stat] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined),
    readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => undefined),
  ]);
  // The second field is the command's name in brackets, which may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const [state, ticks] = [fields[0], fields[19]];
  if (boot === undefined || state === undefined || ticks === undefined) return undefined;
  return { start: `${boot.trim()}/${ticks}`, hasEnded: state === "Z" || state === "X" };
}

async function startTime(start: string): Promise<number | undefined> {
  const stat = await readFile("/proc/stat", "utf8").catch(() => "");
  const bootSeconds = /^btime (\d+)$/m.exec(stat)?.[1];
  const ticks = Number(start.split("/")[1]);
  const ticksPerSecond = 100; // USER_HZ, the same on every Linux that Node runs on
  return bootSeconds === undefined ? undefined : (Number(bootSeconds) + ticks / ticksPerSecond) * 1000;
}

/** Removes a lock where it is still the one that was looked at; in one go, for between the two others may do the same. */
function unlinkWhere(path: string, content: string): boolean {
  try {
    if (readRegularFileSync(path, mostLockBytes) !== content) return false;
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw explainWriteError(error, path);
  }
}

async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw explainWriteError(error, path);
  }
}
