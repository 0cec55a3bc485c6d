/** Files that always have either the old or the new content, whatever happens while they are written. */
import { randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { readRegularFile } from "../../swarm/engine/regular-file.ts";
import { errorWords } from "../../text/error-text.ts";
import { InputError } from "../../text/input-error.ts";
import { passPoint, type DurableKind } from "./write-points.ts";

/**
 * Replaces a file: temporary file in the same folder, fsync, rename, fsync of the folder. An existing file's mode and
 * owner are kept. When anything fails, the old file is untouched and the temporary one removed.
 *
 * @param options.mode - of a new file; default as the umask says
 * @param options.beforeRename - runs between the two, with the new version safely on the disk
 * @throws InputError when the disk is full or the folder may not be written to
 */
export async function writeDurably(
  path: string,
  content: string,
  options: { kind: DurableKind; mode?: number; beforeRename?: () => Promise<void> },
): Promise<void> {
  const { kind, mode = 0o666 } = options;
  const temporary = temporaryName(path);
  try {
    passPoint(`${kind}.begin`);
    await makeFolder(dirname(path));
    {
      await using file = await open(temporary, "wx", mode);
      passPoint(`${kind}.temp-opened`);
      await file.writeFile(content);
      await keepOwner(path, temporary);
      passPoint(`${kind}.temp-written`);
      await file.sync();
    }
    passPoint(`${kind}.synced`);
    await options.beforeRename?.();
    await rename(temporary, path);
    passPoint(`${kind}.renamed`);
    await syncFolder(dirname(path));
    passPoint(`${kind}.folder-synced`);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw explainWriteError(error, path);
  }
}

/** A temporary name for the next version of a file; Pulumi's temporary files end the same (gocloud: fileblob.go). */
export function temporaryName(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}

/** Keeps what `path` is now under another name, replacing what had that name; nothing happens without a `path`. */
export async function keepAs(path: string, keptPath: string, kind: "state" | "attributes"): Promise<void> {
  const temporary = temporaryName(keptPath);
  try {
    await link(path, temporary);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    if (!hasNoLinks(error)) throw error;
    await copyFile(path, temporary);
  }
  passPoint(`${kind}.linked`);
  await rename(temporary, keptPath);
  // Renaming one name of a file over another name of the same file does nothing, and leaves the first (rename(2)).
  await unlink(temporary).catch(() => undefined);
  passPoint(`${kind}.kept`);
}

/** Whether linking failed because the file system has no links (FAT, some network mounts). */
export function hasNoLinks(error: unknown): boolean {
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS"].includes(errorCode(error) ?? "");
}

/** Removes temporary files in a folder whose names begin so, as a killed process leaves them. */
export async function removeTemporaries(folder: string, prefix: string, olderThanMilliseconds = 0): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith(".tmp"))) {
    const path = join(folder, name);
    const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Infinity };
    if (mtimeMs <= Date.now() - olderThanMilliseconds) await unlink(path).catch(() => undefined);
  }
}

/**
 * Checks that files can be written: writes one of that length into each folder, then removes them.
 *
 * @throws InputError when one cannot
 */
export async function tryToWrite(paths: readonly string[], length: number): Promise<void> {
  const trials: string[] = [];
  try {
    for (const path of paths) {
      const trial = temporaryName(path);
      await makeFolder(dirname(path));
      trials.push(trial);
      await writeFile(trial, Buffer.alloc(length), { flag: "wx" }).catch((error: unknown) => {
        throw explainWriteError(error, path);
      });
    }
  } finally {
    for (const trial of trials) await unlink(trial).catch(() => undefined);
  }
}

/**
 * Reads a text file, or undefined when there is none.
 *
 * @param limitBytes - how large it may be; default 256 MiB
 * @throws InputError for what cannot be read, has no end, is too large, or would have to be waited for
 */
export async function readTextFile(path: string, limitBytes?: number): Promise<string | undefined> {
  try {
    return readRegularFile(path, limitBytes);
  } catch (error) {
    const isMissing = errorCode(error) === "ENOENT";
    // A dangling link is not nothing: its target may be unavailable for the moment.
    if (isMissing && (await lstat(path).catch(() => undefined)) === undefined) return undefined;
    throw new InputError({
      path: shownPath(path),
      expected: "a file that can be read",
      got: isMissing ? "a link to a file that is not there" : errorWords(error),
      fix: "Check what it is and who can read it",
    });
  }
}

/**
 * Makes a folder with its parents, each of them durable.
 *
 * @throws InputError when it may not be made
 */
export async function makeFolder(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw explainWriteError(error, path);
  });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Brings the names in a folder to the disk. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** How a file is named in messages: relative to the current folder, if that is shorter. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
}

/** The code of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

async function keepOwner(path: string, temporary: string): Promise<void> {
  const old = await stat(path).catch(() => undefined);
  if (old === undefined) return;
  await chmod(temporary, old.mode & 0o7777);
  if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.())
    // Only root may give a file away; for anybody else the new one is theirs.
    await chown(temporary, old.uid, old.gid).catch(() => undefined);
}

/** Adds to an error of writing for lack of space or rights what to do about it; any other error is returned unchanged. */
export function explainWriteError(error: unknown, path: string): unknown {
  const reasons: Record<string, string> = {
    ENOSPC: "Free some space and run the command again; no half-written file was left",
    EDQUOT: "Free some of the quota and run the command again; no half-written file was left",
    EACCES: "Give this user the right to write there, or run as the user who has it",
    EPERM: "Give this user the right to write there, or run as the user who has it",
    EROFS: "Mount the file system for writing, or move the project",
    EIO: "Check the disk's health, for example with `dmesg`, before you continue",
    ENOTDIR: "Move away whatever is in place of the folder",
    EEXIST: "Move away whatever is in place of the folder",
    ENAMETOOLONG: "Give the stack or the project a shorter name",
    ELOOP: "Remove the links that lead to each other",
  };
  const fix = reasons[errorCode(error) ?? ""];
  if (fix === undefined) return error;
  return new InputError({
    path: shownPath(path),
    expected: "a file that can be written",
    got: errorWords(error),
    fix,
  });
}
