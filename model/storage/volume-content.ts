/** What lies in a volume, told from the names, times and first bytes of its files. */
import { posix } from "node:path";
import { isAppendedCommands, readAofManifest, readRdbHeader, type RdbHeader } from "../redis/files.ts";
import { volumeLockFile, storeMarker } from "../service/start-guard.ts";

/** A file or folder of a volume. */
export interface VolumeFile {
  /** Within the volume, without a leading slash; empty for the volume's own folder. */
  readonly path: string;
  readonly isFile: boolean;
  readonly sizeBytes: number;
  /** In ISO 8601, to the second. */
  readonly modifiedAt: string;
  /** The first 4 KiB; empty for what is no file. */
  readonly head: Uint8Array;
  /** Where a symbolic link leads to, as it is written. */
  readonly linkTarget?: string | undefined;
}

/**
 * Whether a symbolic link leads further up than the folder above its volume, which the engine's archive API takes into no other one; a
 * path from the root on may be anything.
 */
export function leadsOut(path: string, linkTarget: string): boolean {
  const target = posix.join("volume", posix.dirname(path), linkTarget);
  return !linkTarget.startsWith("/") && (target === ".." || target.startsWith("../"));
}

/** The files of a volume, in the order of their names. */
export interface VolumeListing {
  readonly files: readonly VolumeFile[];
  /** False when reading ended before the last file. */
  readonly isWhole: boolean;
}

/** What lies in a volume. */
export interface VolumeContent {
  /** `redis`, the catalogue's name of another program, `empty`, or `unknown`. */
  readonly kind: string;
  /** Nothing is in it that anybody could miss: no file, or a Redis without keys. */
  readonly isEmpty: boolean;
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** The newest time at which a file was changed, in ISO 8601; undefined without a file. */
  readonly newestWrite: string | undefined;
  /** False when only a part of the files was looked at. */
  readonly isWhole: boolean;
  /** Whose data it is, where Holdfast's own mark says so. */
  readonly store: string | undefined;
  readonly snapshot: RedisSnapshot | undefined;
  readonly appendOnly: RedisAppendOnly | undefined;
}

/** A snapshot of Redis. */
export interface RedisSnapshot extends RdbHeader {
  readonly path: string;
  readonly sizeBytes: number;
}

/** An append-only file of Redis. */
export interface RedisAppendOnly {
  /** The folder with its manifest (Redis 7 and newer), or the one file of older versions. */
  readonly path: string;
  /** The snapshot that it begins with. */
  readonly base: RdbHeader | undefined;
  /** How much was appended to that. */
  readonly appendedBytes: number;
}

/** Files by which the data of other programs is known, and the catalogue's names of these. */
const marks: readonly (readonly [file: string, program: string])[] = [
  ["PG_VERSION", "postgres"],
  ["ibdata1", "mysql"],
  ["WiredTiger", "mongo"],
];

/** Tells what lies in a volume. */
export function identifyContent({ files: all, isWhole }: VolumeListing): VolumeContent {
  const files = all.filter(({ isFile }) => isFile);
  const appendOnly = findAppendOnly(files);
  const snapshot = findSnapshot(files, appendOnly);
  const marked = marks.find(([name]) => files.some(({ path }) => posix.basename(path) === name))?.[1];
  const isMark = ({ path }: VolumeFile) => path === storeMarker;
  const kind =
    snapshot || appendOnly ? "redis" : (marked ?? (all.every(({ path }) => path === "") ? "empty" : "unknown"));
  const mark = files.find(isMark);
  return {
    kind,
    isEmpty: kind === "empty" || (kind === "redis" && isWhole && isEmptyStore(snapshot, appendOnly)),
    fileCount: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    newestWrite: files
      .filter((file) => !isMark(file) && file.path !== volumeLockFile)
      .map(({ modifiedAt }) => modifiedAt)
      .toSorted()
      .at(-1),
    isWhole,
    store: mark && Buffer.from(mark.head).toString("utf8").split("\n", 1)[0],
    snapshot,
    appendOnly,
  };
}

/** Redis writes no database into a snapshot that has no keys, so that the first database's keys tell of all. */
function isEmptyStore(snapshot: RedisSnapshot | undefined, appendOnly: RedisAppendOnly | undefined): boolean {
  const snapshots = [snapshot, appendOnly?.base].filter((header) => header !== undefined);
  return snapshots.every(({ firstDatabaseKeys }) => firstDatabaseKeys === 0) && (appendOnly?.appendedBytes ?? 0) === 0;
}

function findAppendOnly(files: readonly VolumeFile[]): RedisAppendOnly | undefined {
  const manifest = files.find(({ path, head }) => path.endsWith(".manifest") && /^file /m.test(text(head)));
  if (manifest) {
    const path = posix.dirname(manifest.path);
    const inFolder = (name: string) => files.find((file) => file.path === posix.join(path, name));
    const { base, increments } = readAofManifest(text(manifest.head));
    return {
      path,
      base: base === undefined ? undefined : readRdbHeader(inFolder(base)?.head ?? new Uint8Array()),
      appendedBytes: increments.reduce((sum, name) => sum + (inFolder(name)?.sizeBytes ?? 0), 0),
    };
  }
  const single = files.find(
    ({ path, head }) =>
      path.endsWith(".aof") && !/\.(?:base|incr)\.aof$/.test(path) && (isAppendedCommands(head) || readRdbHeader(head)),
  );
  if (!single) return undefined;
  const base = readRdbHeader(single.head);
  return { path: single.path, base, appendedBytes: base ? 0 : single.sizeBytes };
}

/** The newest snapshot that is no part of an append-only file, and no `temp-…` that Redis was still writing. */
function findSnapshot(
  files: readonly VolumeFile[],
  appendOnly: RedisAppendOnly | undefined,
): RedisSnapshot | undefined {
  const [newest] = files
    .filter(({ path }) => path !== appendOnly?.path && !path.startsWith(`${appendOnly?.path ?? ""}/`))
    .filter(({ path }) => !posix.basename(path).startsWith("temp-"))
    .flatMap(({ path, sizeBytes, modifiedAt, head }) => {
      const header = readRdbHeader(head);
      return header ? [{ modifiedAt, snapshot: { path, sizeBytes, ...header } }] : [];
    })
    .toSorted((one, other) => other.modifiedAt.localeCompare(one.modifiedAt));
  return newest?.snapshot;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
