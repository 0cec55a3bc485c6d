/** Which of Redis, Valkey and KeyDB reads the files of which other, and of which other version. */
import type { CatalogueEntry } from "../../model/image/catalogue-entry.ts";
import { compareVersions, tagVersion } from "../../model/image/catalogue.ts";
import { isKnown, type ImageReference } from "../../model/service/definition.ts";

/** Products that have gone their own ways with the format of snapshots, which append-only files begin with, too. */
export type RedisProduct = "Redis" | "Valkey" | "KeyDB";

/**
 * The version of the format that each product writes, by the versions that brought it in. All read what is older.
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

/** What keeps the files: its image, and what the catalogue says of it. */
export interface RedisServer {
  readonly image: ImageReference;
  readonly entry: CatalogueEntry | undefined;
}

/** Which product a server is: by its entry, or by its image where one entry stands for several. */
export function redisProduct({ image: { repository }, entry }: RedisServer): RedisProduct {
  const name = `${entry?.name ?? ""} ${isKnown(repository) ? (repository.split("/").at(-1) ?? "") : ""}`;
  return name.includes("valkey") ? "Valkey" : name.includes("keydb") ? "KeyDB" : "Redis";
}

/** Why a server does not load the files of another one. */
export interface Unread {
  /** As it reads after "because". */
  readonly why: string;
  /** False where a tag leaves open which version wrote the files, or which one is to read them. */
  readonly isCertain: boolean;
}

/** Why a server cannot read the files of another one; `undefined` when it can. A tag without a version is taken for the newest. */
export function whyNotRead(before: RedisServer, after: RedisServer): Unread | undefined {
  const isRefused = (written: number): boolean =>
    written > newestFormat(after) || (redisProduct(after) === "Valkey" && written >= 12 && written < 80);
  if (!isRefused(newestFormat(before))) return undefined;
  const loads = `${redisProduct(after)} ${versionWords(after.image)}does not load`;
  return {
    why: `${loads} what ${redisProduct(before)} ${versionWords(before.image)}writes`,
    isCertain: tagVersion(after.image.tag) !== undefined && isRefused(oldestFormat(before)),
  };
}

/** Whether a server looks for its append-only file in several parts, which Redis brought in with the format 10 (7.0). */
export function readsMultiPart(server: RedisServer): boolean {
  return oldestFormat(server) >= 10;
}

function versionWords({ tag }: ImageReference): string {
  const version = tagVersion(tag);
  return version === undefined ? "" : `${version.join(".")} `;
}

function newestFormat(server: RedisServer): number {
  return formatOf(server, tagVersion(server.image.tag) ?? [Infinity]);
}

/** What the oldest version writes that a tag may stand for: 7.0 for `7`. */
function oldestFormat(server: RedisServer): number {
  return formatOf(server, [...(tagVersion(server.image.tag) ?? []), 0, 0]);
}

function formatOf(server: RedisServer, version: readonly number[]): number {
  return formats[redisProduct(server)].findLast(({ from }) => compareVersions(version, from) >= 0)?.format ?? 0;
}
