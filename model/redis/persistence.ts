import { formatSize, requireSize } from "../../text/byte-size.ts";
import { InputError } from "../../text/input-error.ts";
import { longestGraceSeconds } from "../service/stop-grace.ts";

const mebibyte = 1024 * 1024;

/** How a Redis keeps its data; `redisPersistence` lists what each choice costs. */
export const RedisPersistence = {
  /** Append-only file, synced before every answer. */
  durable: "durable",
  /** Append-only file, synced once a second, and a snapshot as a backup. */
  balanced: "balanced",
  /** Snapshots only. */
  snapshot: "snapshot",
  /** Nothing is kept; there is no volume. */
  cache: "cache",
} as const;

export type RedisPersistence = (typeof RedisPersistence)[keyof typeof RedisPersistence];

/** What a persistence profile sets in Redis' configuration, and its consequences. */
export interface RedisPersistenceFacts {
  appendOnly: boolean;
  /** `appendfsync`; has no effect when `appendOnly` is off. */
  appendFsync: "always" | "everysec" | "no";
  /** Save points in the syntax of `save`; empty for none. */
  save: string;
  evictionPolicy: "noeviction" | "allkeys-lru";
  /** Share of the memory limit that `maxmemory` may take; the rest is for the fork, buffers and fragmentation. */
  memoryShare: number;
  /** Whether the server writes the whole dataset when it is stopped, and loses what it has not written. */
  stopNeedsSnapshot: boolean;
}

const keeping = { evictionPolicy: "noeviction", memoryShare: 0.6, stopNeedsSnapshot: false } as const;
const savePoints = "3600 1 300 100 60 10000";

/**
 * The profiles. Costs, measured with Redis 7.0.15 on ext4 and two cores (shapes, not promises):
 *
 * - `durable`: nothing acknowledged is lost by kill -9; 4,300 SET/s for one client, 34,400 for fifty.
 * - `balanced`: up to the last second and more on a slow disk is lost by kill -9, nothing by SIGTERM; 26,100 and 70,700 SET/s.
 * - `snapshot`: everything since the last save point is lost by kill -9; SIGTERM saves all, if the grace period is long enough.
 * - `cache`: everything is lost at every stop.
 */
export const redisPersistence: Record<RedisPersistence, RedisPersistenceFacts> = {
  durable: { ...keeping, appendOnly: true, appendFsync: "always", save: "" },
  balanced: { ...keeping, appendOnly: true, appendFsync: "everysec", save: savePoints },
  snapshot: { ...keeping, appendOnly: false, appendFsync: "no", save: savePoints, stopNeedsSnapshot: true },
  cache: {
    appendOnly: false,
    appendFsync: "no",
    save: "",
    evictionPolicy: "allkeys-lru",
    memoryShare: 0.75,
    stopNeedsSnapshot: false,
  },
};

/** Smallest memory limit at which Redis starts and has room to work. */
export const redisLeastMemoryBytes = 32 * mebibyte;

/** How fast Redis writes a snapshot (measured, Redis 7.0.15, two shared cores). */
export const savedBytesPerSecond = 70_000_000;
const graceMarginSeconds = 10;

/**
 * `maxmemory` for a memory limit, in whole MiB: a fork may copy what is written meanwhile, so a store that keeps its data
 * gets 60 % of the limit.
 *
 * @param path - the limit's path, for the error
 * @throws InputError when the limit is below 32 MiB
 */
export function redisMaxMemoryBytes(profile: RedisPersistence, limitBytes: number, path: string): number {
  return (
    Math.floor(
      (requireSize(redisLeastMemoryBytes, limitBytes, path) * redisPersistence[profile].memoryShare) / mebibyte,
    ) * mebibyte
  );
}

/** The share of the memory limit that client buffers may use. */
const clientShare = 0.15;

/** How many bytes all clients together may use for a memory limit, which also bounds the longest value; at least the 1 MiB that Redis requires. */
export function redisClientMemoryBytes(limitBytes: number): number {
  return Math.max(mebibyte, Math.floor((limitBytes * clientShare) / mebibyte) * mebibyte);
}

/**
 * Seconds that Redis may need between SIGTERM and its exit: 10 s, plus the time to write the dataset at 70 MB/s (measured) if a
 * stop writes a snapshot; at most 55 s, because Swarm starts the next task on the volume after 60 s.
 *
 * With an append-only file, an interrupted snapshot loses nothing. With snapshots alone it would, so a memory limit whose dataset
 * cannot be written in time is refused.
 *
 * @param path - the memory limit's path, for the error
 * @throws InputError when the profile saves only on a stop, and 55 s is too short for `maxMemoryBytes`
 */
export function redisStopGraceSeconds(profile: RedisPersistence, maxMemoryBytes: number, path: string): number {
  const { save, memoryShare, stopNeedsSnapshot } = redisPersistence[profile];
  const saveSeconds = save === "" ? 0 : Math.ceil(maxMemoryBytes / savedBytesPerSecond);
  const needed = saveSeconds + graceMarginSeconds;
  if (needed <= longestGraceSeconds) return needed;
  if (!stopNeedsSnapshot) return longestGraceSeconds;
  const mostBytes = ((longestGraceSeconds - graceMarginSeconds) * savedBytesPerSecond) / memoryShare;
  throw new InputError({
    path,
    expected: `at most ${formatSize(Math.floor(mostBytes / mebibyte) * mebibyte)} with the persistence profile "${profile}"`,
    got: `a limit whose dataset of ${formatSize(maxMemoryBytes)} takes ${saveSeconds} s to save at a stop`,
    fix: `Use the profile "${RedisPersistence.balanced}" or "${RedisPersistence.durable}", whose append-only file needs no save at a stop`,
  });
}
