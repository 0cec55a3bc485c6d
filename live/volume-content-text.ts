import { catalogueEntries } from "../model/image/catalogue/index.ts";
import type { RdbHeader } from "../model/redis/files.ts";
import type { VolumeContent } from "../model/storage/volume-content.ts";
import { byteWords } from "../text/byte-size.ts";
import { printable } from "../text/escape.ts";

/**
 * Says in one line what is in a volume: `Redis 7.0.15: snapshot dump.rdb of 2026-11-25T21:59:12Z, 3 keys`. Names and
 * versions come from the files, so they are made fit to be shown.
 *
 * @param program - the catalogue's name of the program whose image has mounted it, for content that does not show it
 */
export function contentWords(content: VolumeContent, program?: string): string {
  const { kind, fileCount, sizeBytes, snapshot, appendOnly, isWhole } = content;
  const size = `${isWhole ? "" : "at least "}${fileCount} ${fileCount === 1 ? "file" : "files"}, ${byteWords(sizeBytes)}`;
  if (kind !== "redis") {
    const name = kind === "unknown" || kind === "empty" ? program : kind;
    const title = catalogueEntries.find((entry) => entry.name === name)?.title ?? name;
    if (title === undefined) return kind === "empty" ? "empty" : `unknown data: ${size}`;
    return `${title}${kind === "unknown" ? ", by the image that mounted it" : ""}: ${size}`;
  }
  const version = snapshot?.serverVersion ?? appendOnly?.base?.serverVersion;
  const parts = [
    ...(appendOnly
      ? [
          `append-only file ${appendOnly.path}${appendOnly.base ? keysOf(appendOnly.base) : ""} and ${byteWords(appendOnly.appendedBytes)} appended`,
        ]
      : []),
    ...(snapshot
      ? [
          `snapshot ${snapshot.path}${snapshot.createdAt === undefined ? "" : ` of ${timeWords(snapshot.createdAt)}`}${keysOf(snapshot)}`,
        ]
      : []),
  ];
  return printable(`Redis${version === undefined ? "" : ` ${version}`}: ${parts.join("; ")}; ${size}`);
}

function keysOf({ firstDatabaseKeys: keys }: RdbHeader): string {
  return keys === undefined ? "" : `, ${keys} ${keys === 1 ? "key" : "keys"} in its first database`;
}

/** A time in ISO 8601 without the fraction of its second. */
export function timeWords(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
