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
import { kindOf, readRegularFile } from "../../swarm/engine/regular-file.ts";
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
  /** Ours only: distinguishes the process from a later one with the same pid. */
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
  /** Why its holder is unknown, as it reads after "which is"; it locks nevertheless. */
  unreadable?: string;
  /** Its text. */
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
  /** The text of the file, by which it is recognised. */
  readonly content: string;
}

/**
 * Takes the lock of a stack.
 *
 * @param folder - `locks/organization/<project>/<stack>`
 * @throws StackLockedError when another process has it; it is never taken away from that
 */
export async function takeLock(folder: string, stackName: string): Promise<HeldLock & Disposable> {
  passPoint("lock.begin");
  const lock: HeldLock & Disposable = {
    path: join(folder, ownName),
    content: JSON.stringify(await describeSelf()),
    [Symbol.dispose]: () => {
      releaseLock(lock);
    },
  };
  await makeFolder(folder).catch((error: unknown) => {
    throw noFolder(folder, error);
  });
  for (let attempt = 1; !(await createWhole(lock, stackName)); attempt++) {
    const holders = await readLocks(folder);
    // If none is left, it was released in the meantime: then it is a race with the other processes that want it.
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

/** How often to try for a lock that is released each time before its holder can be read. */
const mostAttempts = 20;

function noFolder(folder: string, problem: unknown): SituationError {
  return new SituationError({
    what: `The folder for the stack's locks, ${shownPath(folder)}, cannot be used: ${errorWords(problem)}`,
    fix: "Check what it is and who may write there",
  });
}

const held = new Set<HeldLock>();

/** Unless it is ended by `kill -9`, this process releases its locks when it ends. */
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
      // The process ends: the next one finds that the lock has no holder.
    }
  }
}

/** Creates the lock file with its whole text at once; false when there is one already. */
async function createWhole({ path, content }: HeldLock, stackName: string): Promise<boolean> {
  // Not in the folder of the locks, where it would count as one.
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

/** Releases a lock, unless it was released already and another process holds it by now. */
export function releaseLock(lock: HeldLock): void {
  unlinkWhere(lock.path, lock.content);
  forget(lock);
  passPoint("lock.released");
}

/**
 * The holders of the locks in a folder. Every file there locks, including unreadable ones.
 *
 * @throws SituationError when the folder cannot be read
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
 * Removes these locks of a stack, and returns which were removed; one that another process has taken in the meantime stays.
 *
 * @throws SituationError when one cannot be removed
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
  const unknown = { path, pid: 0, username: "?", hostname: "?", since: "an unknown time", gone: false };
  let text: string;
  try {
    text = readRegularFile(path, mostLockBytes);
  } catch (error) {
    const status = await lstat(path).catch(() => undefined);
    if (status === undefined && errorCode(error) === "ENOENT") return undefined;
    return { ...unknown, unreadable: unreadableWords(error, status) };
  }
  const content = lockSchema.safeParse(jsonOrUndefined(text));
  // A file without a holder locks nevertheless: Pulumi may be about to write it.
  if (!content.success) return { ...unknown, content: text };
  const { pid, username, hostname: host, timestamp, processStart } = content.data;
  const gone = host === hostname() && (await isGone(pid, timestamp, processStart));
  // Anyone who may write there chooses these words.
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

/** Whether the process that took a lock on this host has ended, even if another process has its pid by now. */
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
  // The clock may have been adjusted since, but by less than a minute.
  return startedAt !== undefined && startedAt > Date.parse(timestamp) + 60_000;
}

/** A process as Linux shows it (proc(5), stat). */
interface FoundProcess {
  /** `<boot>/<ticks after boot>`, which no two processes of one pid share. */
  readonly start: string;
  /** Whether it is a zombie, which in a container may never be reaped. */
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

/** Removes a lock if its text is unchanged; synchronously, so that no other code runs in between. */
function unlinkWhere(path: string, content: string): boolean {
  try {
    if (readRegularFile(path, mostLockBytes) !== content) return false;
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
