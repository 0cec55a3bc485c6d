/** Which of Redis, Valkey and KeyDB reads the files of which other, and of which version. */
import type { RedisImageFact } from "../../model/image/catalogue-entry.ts";
import { compareVersions, tagVersion } from "../../model/image/catalogue.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import { isAppendOnly, maxMemoryBytes, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown, type Known, type ServiceDefinition } from "../../model/service/definition.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";

/** Products with different formats of snapshots, with which append-only files begin, too. */
export type RedisProduct = "Redis" | "Valkey" | "KeyDB";

/**
 * The version of the format that each product writes, by the versions that introduced it. All read what is older.
 *
 * @see https://github.com/valkey-io/valkey/blob/9.0.0/src/rdb.h (`RDB_VERSION_MAP`; 12 to 79 are another's, and refused)
 * @see https://github.com/redis/redis/blob/7.4.0/src/rdb.h (`RDB_VERSION`)
 * @see https://github.com/Snapchat/KeyDB/blob/main/src/rdb.h (`RDB_VERSION`)
 */
const formats: Readonly<
  Record<RedisProduct, readonly { readonly from: readonly number[]; readonly format: number }[]>
> = {
  Redis: [
    { from: [0], format: 9 },
    { from: [7, 0], format: 10 },
    { from: [7, 2], format: 11 },
    { from: [7, 4], format: 12 },
  ],
  Valkey: [
    { from: [0], format: 11 },
    { from: [9, 0], format: 80 },
  ],
  KeyDB: [{ from: [0], format: 9 }],
};

/** A Redis, or a server that speaks its protocol, and what decides which files it reads and writes. */
export interface RedisServer {
  readonly product: RedisProduct;
  /** Its version as far as its image's tag says it; `undefined` for a tag without one. */
  readonly version: readonly number[] | undefined;
  readonly settings: RedisDirectives;
  readonly image: RedisImageFact;
  readonly isAppendOnly: Known<boolean>;
  /** The most that it may hold in memory; `undefined` for no limit. */
  readonly maxMemoryBytes: Known<number | undefined>;
  /** What its start script makes the files into before the server starts. */
  readonly prepares: PreparedFile | undefined;
}

/** The server that a service runs; `undefined` for a program that does not speak Redis. */
export function redisServer(
  { image: { repository, tag } }: ServiceDefinition,
  { redis, entry, prepares }: DataKeeper,
): RedisServer | undefined {
  if (redis === undefined || entry?.redis === undefined) return undefined;
  // One entry of the catalogue may cover several products.
  const name = `${entry.name} ${isKnown(repository) ? (repository.split("/").at(-1) ?? "") : ""}`;
  return {
    product: name.includes("valkey") ? "Valkey" : name.includes("keydb") ? "KeyDB" : "Redis",
    version: tagVersion(tag),
    settings: redis,
    image: entry.redis,
    isAppendOnly: isAppendOnly(redis, entry.redis),
    maxMemoryBytes: maxMemoryBytes(redis),
    prepares,
  };
}

/** Why a server does not load the files of another one. */
export interface Unread {
  /** As it reads after "because". */
  readonly why: string;
  /** False where a tag leaves open which version wrote the files, or which one is to read them. */
  readonly isCertain: boolean;
}

/** Why a server cannot read the files of another one; `undefined` when it can. A tag without a version counts as the newest. */
export function whyNotRead(before: RedisServer, after: RedisServer): Unread | undefined {
  const isRefused = (written: number): boolean =>
    written > newestFormat(after) || (after.product === "Valkey" && written >= 12 && written < 80);
  if (!isRefused(newestFormat(before))) return undefined;
  return {
    why: `${serverWords(after)} does not load what ${serverWords(before)} writes`,
    isCertain: after.version !== undefined && isRefused(oldestFormat(before)),
  };
}

/** Whether a server looks for its append-only file in several parts, which Redis introduced with format 10 (7.0). */
export function readsMultiPart(server: RedisServer): boolean {
  return oldestFormat(server) >= 10;
}

function serverWords({ product, version }: RedisServer): string {
  return version === undefined ? product : `${product} ${version.join(".")}`;
}

function newestFormat({ product, version = [Infinity] }: RedisServer): number {
  return formatOf(product, version);
}

/** What the oldest version writes that a tag may mean: 7.0 for `7`. */
function oldestFormat({ product, version = [] }: RedisServer): number {
  return formatOf(product, [...version, 0, 0]);
}

function formatOf(product: RedisProduct, version: readonly number[]): number {
  return formats[product].findLast(({ from }) => compareVersions(version, from) >= 0)?.format ?? 0;
}
