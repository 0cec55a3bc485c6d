import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { checkFormat, countRows, formatOf } from "../../../backup/file/format.ts";

describe("a file that a service writes for its backup", () => {
  let folder: string;
  const content = Buffer.from("a line that says something\n".repeat(10_000));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-format-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Writes a file, and gives its format and what is wrong with it. */
  const judged = async (bytes: Buffer): Promise<[string, string | undefined]> => {
    const path = join(folder, "written");
    await writeFile(path, bytes);
    return [await formatOf(path), await checkFormat(path)];
  };
  const flipped = (bytes: Buffer, at: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from([(bytes[at] ?? 0) ^ 0xff]), bytes.subarray(at + 1)]);

  for (const [format, bytes] of [
    ["gzip", gzipSync(content)],
    ["zstd", zstdCompressSync(content)],
  ] as const) {
    it(`of ${format} is whole, cut off, or damaged`, async () => {
      assert.deepEqual(await judged(bytes), [format, undefined]);
      const [, cut] = await judged(bytes.subarray(0, -20));
      assert.match(cut ?? "", new RegExp(`^is no whole file of ${format}: `, "u"));
    });
  }

  it("of gzip with another byte is found by its checksum", async () => {
    const bytes = gzipSync(content);
    const [, words] = await judged(flipped(bytes, bytes.length - 6));
    assert.match(words ?? "", /is no whole file of gzip: incorrect data check/u);
  });

  it("of a format that nobody here knows has nothing that could be wrong", async () => {
    assert.deepEqual(await judged(content), ["other", undefined]);
    assert.deepEqual(await judged(Buffer.alloc(0)), ["other", undefined]);
  });

  it("of SQLite is checked and its rows are counted, without a file beside it", async () => {
    const path = join(folder, "app.db");
    const copy = join(folder, "copy #1?.db");
    const database = new DatabaseSync(path);
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE note (text); CREATE TABLE "odd "" name" (a, b)',
    );
    const insert = database.prepare("INSERT INTO note VALUES (?)");
    for (let row = 0; row < 1000; row++) insert.run(`note ${row}`.repeat(20));
    database.exec('CREATE INDEX by_text ON note (text); INSERT INTO "odd "" name" VALUES (1, 2)');
    database.exec(`VACUUM INTO '${copy}'`);
    database.close();
    assert.equal(await formatOf(copy), "sqlite");
    assert.equal(await checkFormat(copy), undefined);
    assert.equal(countRows(copy), 1001);

    const bytes = await readFile(copy);
    // A page of the table is filled with another.
    await writeFile(copy, Buffer.concat([bytes.subarray(0, 8192), bytes.subarray(0, 4096), bytes.subarray(12_288)]));
    assert.match((await checkFormat(copy)) ?? "", /is no whole/u);
    await truncate(copy, 4096);
    assert.match((await checkFormat(copy)) ?? "", /is no whole/u);
  });
});
