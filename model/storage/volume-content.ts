/** What a volume contains, from the names, times and first bytes of its files. */
import { posix } from "node:path";
import { isAppendedCommands, readAofManifest, readRdbHeader, type RdbHeader } from "../redis/files.ts";
import { volumeLockFile, storeMarker } from "../service/start-guard.ts";

/** A file or folder of a volume. */
export interface VolumeFile {
  /** Relative to the volume, without a leading slash; empty for the volume's root. */
  readonly path: string;
  readonly isFile: boolean;
  readonly sizeBytes: number;
  /** In ISO 8601, to the second. */
  readonly modifiedAt: string;
  /** The first 4 KiB; empty if it is not a file. */
  readonly head: Uint8Array;
  /** A symbolic link's target, as written. */
  readonly linkTarget?: string | undefined;
}

/**
 * Whether a symbolic link leads further up than the volume's parent folder, which the engine's archive API does not carry into
 * another volume; an absolute path may lead anywhere.
 */
export function leadsOut(path: string, linkTarget: string): boolean {
  const target = posix.join("volume", posix.dirname(path), linkTarget);
  return !linkTarget.startsWith("/") && (target === ".." || target.startsWith("../"));
}

/** The files of a volume, in order of their names. */
export interface VolumeListing {
  readonly files: readonly VolumeFile[];
  /** False when reading ended before the last file. */
  readonly isWhole: boolean;
}

/** What a volume contains. */
export interface VolumeContent {
  /** `redis`, another program's name in the catalogue, `empty`, or `unknown`. */
  readonly kind: string;
  /** It contains nothing of value: no file, or a Redis without keys. */
  readonly isEmpty: boolean;
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** When a file was last changed, in ISO 8601; undefined without files. */
  readonly newestWrite: string | undefined;
  /** False when only some of the files were examined. */
  readonly isWhole: boolean;
  /** The store that owns the data, according to Holdfast's mark. */
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
  /** The folder with its manifest (Redis 7 and newer), or the single file of older versions. */
  readonly path: string;
  /** The snapshot at its beginning. */
  readonly base: RdbHeader | undefined;
  /** How much was appended to the base. */
  readonly appendedBytes: number;
}

/** Files that identify other programs' data, with the programs' names in the catalogue. */
const marks: readonly (readonly [file: string, program: string])[] = [
  ["PG_VERSION", "postgres"],
  ["ibdata1", "mysql"],
  ["WiredTiger", "mongo"],
];

/** Identifies what a volume contains. */
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

/** Redis writes only databases with keys to a snapshot, so the first one shows whether there are any. */
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

/** The newest snapshot, ignoring those in an append-only file and any `temp-…` that Redis was still writing. */
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
