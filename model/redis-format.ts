/** Which of Redis, Valkey and KeyDB reads the files of which other. */
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { compareVersions, tagVersion } from "./image-catalogue.ts";
import { isKnown, type ImageReference } from "./service-definition.ts";

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

/** Why a server cannot read the files of another product's; `undefined` when it can. A tag without a version is the newest. */
export function whyNotRead(before: RedisServer, after: RedisServer): string | undefined {
  const [old, next] = [redisProduct(before), redisProduct(after)];
  const [written, read] = [formatOf(before), formatOf(after)];
  const isForeign = next === "Valkey" && written >= 12 && written < 80;
  if (written <= read && !isForeign) return undefined;
  return `${next} ${versionWords(after.image)}does not load what ${old} ${versionWords(before.image)}writes`;
}

function versionWords({ tag }: ImageReference): string {
  const version = tagVersion(tag);
  return version === undefined ? "" : `${version.join(".")} `;
}

function formatOf(server: RedisServer): number {
  const all = formats[redisProduct(server)];
  const version = tagVersion(server.image.tag) ?? [Infinity];
  return all.findLast(({ from }) => compareVersions(version, from) >= 0)?.format ?? 0;
}
