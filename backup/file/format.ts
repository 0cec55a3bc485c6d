/** What is known of a file whose program is not here, by its own format. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { errorWords } from "../../text/error-text.ts";

/** A format that can be checked; `other` is any that cannot. */
export type FileFormat = "sqlite" | "gzip" | "zstd" | "other";

const beginnings: readonly (readonly [FileFormat, Buffer])[] = [
  ["sqlite", Buffer.from("SQLite format 3\0")],
  ["gzip", Buffer.from([0x1f, 0x8b])],
  ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

/** The format of a file, by its first bytes. */
export async function formatOf(path: string): Promise<FileFormat> {
  await using handle = await open(path);
  const head = Buffer.alloc(16);
  await handle.read(head, 0, head.length, 0);
  return beginnings.find(([, beginning]) => head.subarray(0, beginning.length).equals(beginning))?.[0] ?? "other";
}

/**
 * Checks a file by what its format says of itself.
 *
 * @returns what is wrong with it; undefined when all is well, or nothing can be said
 */
export async function checkFormat(path: string): Promise<string | undefined> {
  const format = await formatOf(path);
  try {
    if (format === "sqlite") return checkDatabase(path);
    if (format !== "other") await unpack(path, format);
    return undefined;
  } catch (error) {
    return `is no whole file of ${format}: ${errorWords(error)}`;
  }
}

/** Reads a compressed file to its end: its checksums are compared on the way. */
async function unpack(path: string, format: "gzip" | "zstd"): Promise<void> {
  const nowhere = new Writable({
    write: (_, __, done) => {
      done();
    },
  });
  await pipeline(createReadStream(path), format === "gzip" ? createGunzip() : createZstdDecompress(), nowhere);
}

function checkDatabase(path: string): string | undefined {
  using database = openDatabase(path);
  const [first] = database.prepare("PRAGMA integrity_check(1)").all();
  const said = String(first?.["integrity_check"] ?? "nothing was said");
  return said === "ok" ? undefined : `is no whole database: ${said}`;
}

/** Counts the rows of all tables of an SQLite database, for which each of them is read. */
export function countRows(path: string): number {
  using database = openDatabase(path);
  const tables = database.prepare(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  return tables
    .all()
    .map(({ name }) => `"${String(name).replaceAll('"', '""')}"`)
    .map((table) => Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.["rows"] ?? 0))
    .reduce((sum, rows) => sum + rows, 0);
}

/** Opens a database that nobody writes; what else would be made beside it is not. */
function openDatabase(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, { readOnly: true });
}
