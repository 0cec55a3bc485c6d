/**
 * The earlier versions of a state that Pulumi's file backend keeps: `.bak` next to it, and for each update a backup and, in the
 * history, its record with a checkpoint. What is kept of updates is named by a number of nanoseconds, and ordered by it.
 */
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { digestOf, recordedDigest } from "./content-digest.ts";
import { errorCode, explainWriteError, readTextFile, shownPath } from "./durable-file.ts";
import type { StackFiles } from "./stack-files.ts";

/** A file that was written at the end of an update. */
interface KeptFile {
  path: string;
  /** The number in its name. */
  stamp: bigint;
}

/** An earlier version that can be gone on with. */
export interface GoodCopy {
  path: string;
  /** When it was written, as it says itself. */
  time: string;
}

/** `<stack>.<number>.json`, `<stack>-<number>.history.json`, `<stack>-<number>.checkpoint.json`, and their attributes. */
const stampPattern = /[.-](\d{1,30})\.(?:history\.|checkpoint\.)?json(?:\.attrs)?$/u;

/** What is kept of updates, the newest first. */
async function keptFiles({ backups, history }: StackFiles): Promise<KeptFile[]> {
  const found = await Promise.all(
    [backups, history].map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.flatMap((name) => {
        const digits = stampPattern.exec(name)?.[1];
        return digits === undefined ? [] : [{ path: join(folder, name), stamp: BigInt(digits) }];
      });
    }),
  );
  return found.flat().sort((one, other) => Number(other.stamp - one.stamp));
}

/** Whether a file is the record of an update. */
function isRecord({ path }: KeptFile): boolean {
  return path.endsWith(".history.json");
}

/** Whether a file holds a state. */
function isCopy(file: KeptFile): boolean {
  return file.path.endsWith(".json") && !isRecord(file);
}

/**
 * The number for what is kept of the next update: the time in nanoseconds since 1970, as Pulumi has it, but later than all that is
 * there, whatever the clock says.
 */
export async function nextStamp(files: StackFiles): Promise<bigint> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const [newest] = await keptFiles(files);
  return newest !== undefined && newest.stamp >= now ? newest.stamp + 1n : now;
}

/** Whether a text is, to the letter, one of the earlier versions of the state: what two files say was not damaged in one of them. */
export async function isKeptVersion(files: StackFiles, text: string): Promise<boolean> {
  const length = Buffer.byteLength(text);
  for (const path of [files.previous, ...(await keptFiles(files)).filter(isCopy).map((copy) => copy.path)]) {
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === length && (await readTextFile(path)) === text) return true;
  }
  return false;
}

/**
 * The newest earlier version of a damaged state that is whole. Only what has to be read is read, and no clock is asked: a copy
 * with the digest that the state had is that very state; without one the state was written after the last copy, and the version before
 * the last write is newer than all copies.
 */
export async function newestGoodCopy(files: StackFiles): Promise<GoodCopy | undefined> {
  const copies = (await keptFiles(files)).filter(isCopy);
  const lost = await recordedDigest(files.state);
  if (lost !== undefined && lost !== "")
    for (const { path } of copies)
      if ((await recordedDigest(path)) === lost) {
        const good = await goodCopy(path);
        if (good !== undefined) return good;
      }
  for (const path of [files.previous, ...copies.map((copy) => copy.path)]) {
    const good = await goodCopy(path);
    if (good !== undefined) return good;
  }
  return undefined;
}

async function goodCopy(path: string): Promise<GoodCopy | undefined> {
  try {
    const text = await readTextFile(path);
    if (text === undefined) return undefined;
    const recorded = await recordedDigest(path);
    if (recorded !== undefined && recorded !== digestOf(text)) return undefined;
    const time = parseCheckpoint(text, shownPath(path), "checkpoint").deployment?.manifest.time;
    return time === undefined ? undefined : { path, time };
  } catch {
    return undefined;
  }
}

/** The place of an update in the history. */
interface UpdatePlace {
  /** Orders the updates, whatever the clock said. */
  stamp: bigint;
  /** Counts them, those that are kept no more included; Pulumi's file backend writes 0, and its updates get the next number. */
  version: number;
}

/** An update in the history. */
export interface KeptUpdate extends UpdatePlace {
  kind: string;
  result: string;
  message: string;
  /** In seconds since 1970. */
  startTime: number;
  endTime: number;
  resourceChanges: Record<string, number>;
}

/** An update whose record is there and cannot be read. */
export interface UnreadableUpdate extends UpdatePlace {
  /** Its record. */
  path: string;
  /** Why, in a line. */
  problem: string;
}

/** What a `Date` takes (ECMAScript, "Time Values and Time Range"). */
const secondsSchema = z.number().min(0).max(8.64e12);

const recordSchema = z.looseObject({
  version: z.int().min(0).max(1e9).default(0),
  kind: z.string(),
  result: z.string(),
  message: z.string().default(""),
  startTime: secondsSchema,
  endTime: secondsSchema.default(0),
  resourceChanges: z.record(z.string(), z.number()).nullish(),
});

/** The updates of the history, the newest first. One whose record cannot be read has its number all the same. */
export async function readHistory(files: StackFiles): Promise<(KeptUpdate | UnreadableUpdate)[]> {
  const records = (await keptFiles(files)).filter(isRecord);
  const updates = (await Promise.all(records.map(readRecord))).filter((update) => update !== undefined).toReversed();
  const readable = updates.findIndex((update) => !("problem" in update));
  let version = Math.max(0, (updates[readable]?.version ?? 0) - readable - 1);
  return updates.map((update) => ({ ...update, version: (version = Math.max(update.version, version + 1)) })).reverse();
}

/** The number of the next update. */
export async function nextVersion(files: StackFiles): Promise<number> {
  return ((await readHistory(files))[0]?.version ?? 0) + 1;
}

/** A record as it is; an unreadable one has no number yet, and one that is gone by now is left out. */
async function readRecord({ path, stamp }: KeptFile): Promise<KeptUpdate | UnreadableUpdate | undefined> {
  try {
    const text = await readTextFile(path);
    if (text === undefined) return undefined;
    const { resourceChanges, ...record } = recordSchema.parse(jsonOrUndefined(text));
    return { ...record, stamp, resourceChanges: resourceChanges ?? {} };
  } catch (error) {
    const problem = error instanceof InputError ? error.got : "it is no record of an update";
    return { stamp, version: 0, path, problem };
  }
}

/** What of the history need not be kept. */
interface OldUpdates {
  /** The number of updates. */
  count: number;
  paths: string[];
}

/**
 * Finds what is kept of all updates but the newest, and the newest that succeeded; nothing where none of the states that would stay
 * is whole.
 *
 * @param keep - how many updates stay, at least 1
 */
export async function findOldUpdates(files: StackFiles, keep: number): Promise<OldUpdates> {
  const none: OldUpdates = { count: 0, paths: [] };
  const kept = await keptFiles(files);
  const records = kept.filter(isRecord);
  const oldest = records[keep - 1];
  if (oldest === undefined) return none;
  const succeeded = await newestSuccess(records);
  const after = succeeded && records[records.indexOf(succeeded) - 1];
  /** A copy of an update is made after its record and before the next one. */
  const stays = ({ stamp }: KeptFile) =>
    stamp >= oldest.stamp ||
    (succeeded !== undefined && stamp >= succeeded.stamp && (after === undefined || stamp < after.stamp));
  if (records.every(stays)) return none;
  if (!(await someGood(kept.filter((file) => isCopy(file) && stays(file))))) return none;
  const old = kept.filter((file) => !stays(file));
  return { count: old.filter(isRecord).length, paths: old.map(({ path }) => path) };
}

/**
 * Removes what {@link findOldUpdates} has found. Only while holding the stack's lock; the next run removes what a killed one
 * has not removed.
 */
export async function removeUpdates({ paths }: OldUpdates): Promise<void> {
  for (const path of paths) await removeFile(path);
}

/**
 * Finds and removes what is kept of old updates.
 *
 * @returns how many updates were removed
 */
export async function pruneHistory(files: StackFiles, keep: number): Promise<number> {
  const old = await findOldUpdates(files, keep);
  await removeUpdates(old);
  return old.count;
}

async function newestSuccess(records: readonly KeptFile[]): Promise<KeptFile | undefined> {
  for (const record of records) {
    const update = await readRecord(record);
    if (update !== undefined && "result" in update && update.result === "succeeded") return record;
  }
  return undefined;
}

async function someGood(copies: readonly KeptFile[]): Promise<boolean> {
  for (const { path } of copies) if ((await goodCopy(path)) !== undefined) return true;
  return false;
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw explainWriteError(error, path);
  }
}
