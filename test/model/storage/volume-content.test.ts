import assert from "node:assert/strict";
import fc from "fast-check";
import { contentWords } from "../../../live/volume-content-text.ts";
import { readAofManifest, readRdbHeader } from "../../../model/redis/files.ts";
import { leadsOut, identifyContent, type VolumeFile } from "../../../model/storage/volume-content.ts";

/** Files that Redis 7.0.15 has written. */
const hex = (text: string) => Buffer.from(text, "hex");
const head =
  "524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040fa056374696d65c26a5d076bfa08757365642d6d656dc218b60e00fa08616f662d62617365";
const threeKeysAndOne = hex(
  `${head}c000fe00fb0300000163c001000162c001000161c001fe05fb0100000164c001fffb3848a52ee71b37`,
);
const noKeys = hex(`${head}c001ff07c66960a8e85c49`);
const manifest =
  "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n";

const time = "2026-11-25T22:12:58.000Z";
const file = (path: string, content: string | Buffer = "", modifiedAt = time): VolumeFile => ({
  path,
  isFile: true,
  sizeBytes: content.length,
  modifiedAt,
  head: Buffer.from(content),
});
const folder = (path: string): VolumeFile => ({ ...file(path, "", "2027-01-01T00:00:00.000Z"), isFile: false });
const identify = (...files: VolumeFile[]) => identifyContent({ files: [folder(""), ...files], isWhole: true });

describe("the header of a snapshot", () => {
  it("tells the server, the time and the keys of the first database", () => {
    assert.deepEqual(readRdbHeader(threeKeysAndOne), {
      serverVersion: "7.0.15",
      createdAt: time,
      firstDatabaseKeys: 3,
    });
    assert.equal(readRdbHeader(noKeys)?.firstDatabaseKeys, 0);
  });

  it("tells what it can where it was cut off anywhere, and is none without its mark", () => {
    for (let length = 9; length < head.length / 2 + 5; length++) {
      assert.equal(readRdbHeader(threeKeysAndOne.subarray(0, length))?.firstDatabaseKeys, undefined);
    }
    assert.equal(readRdbHeader(threeKeysAndOne.subarray(0, 8)), undefined);
    assert.equal(readRdbHeader(Buffer.from("REDIRECT")), undefined);
  });

  it("reads anything that follows the mark without failing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        assert.ok(readRdbHeader(Buffer.concat([Buffer.from("REDIS0011"), bytes])) !== undefined);
      }),
    );
  });
});

describe("the manifest of an append-only file", () => {
  it("names its base and its increments, with quotation marks or without", () => {
    assert.deepEqual(readAofManifest(manifest.replace("appendonly.aof.1.base.rdb", '"a b.base.rdb"')), {
      base: "a b.base.rdb",
      increments: ["appendonly.aof.1.incr.aof", "appendonly.aof.2.incr.aof"],
    });
  });
});

describe("the content of a volume", () => {
  it("is a Redis' snapshot under any name, unless Redis was still writing it", () => {
    const { kind, snapshot, newestWrite } = identify(file("cache.rdb", threeKeysAndOne), folder("sub"));
    assert.deepEqual([kind, snapshot?.path, newestWrite], ["redis", "cache.rdb", time]);
    assert.equal(identify(file("temp-17.rdb", threeKeysAndOne)).kind, "unknown");
  });

  it("is an append-only file of several parts, which is not taken for a snapshot", () => {
    const { appendOnly, snapshot, isEmpty } = identify(
      file("logs/appendonly.aof.1.base.rdb", noKeys),
      file("logs/appendonly.aof.1.incr.aof", "*1\r\n$4\r\nPING\r\n"),
      file("logs/appendonly.aof.2.incr.aof", "*1\r\n$4\r\nPING\r\n"),
      file("logs/appendonly.aof.manifest", manifest),
    );
    assert.partialDeepStrictEqual(appendOnly, { path: "logs", base: { firstDatabaseKeys: 0 }, appendedBytes: 28 });
    assert.deepEqual([snapshot, isEmpty], [undefined, false]);
  });

  it("is an append-only file of one part, as Redis 6 writes it, with a snapshot before it or without", () => {
    const { appendOnly } = identify(file("appendonly.aof", "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"));
    assert.deepEqual(appendOnly, { path: "appendonly.aof", base: undefined, appendedBytes: 23 });
    assert.equal(identify(file("appendonly.aof", threeKeysAndOne)).appendOnly?.base?.firstDatabaseKeys, 3);
  });

  it("is empty without files, and where a Redis had no keys", () => {
    assert.deepEqual([identify().kind, identify().isEmpty], ["empty", true]);
    assert.equal(identify(file("dump.rdb", noKeys)).isEmpty, true);
    const nothing = [
      file("a/x.base.rdb", noKeys),
      file("a/x.incr.aof"),
      file("a/x.manifest", "file x.base.rdb seq 1 type b\nfile x.incr.aof seq 1 type i\n"),
    ];
    assert.equal(identify(...nothing).isEmpty, true);
    assert.equal(identify(...nothing, file("dump.rdb", threeKeysAndOne)).isEmpty, false);
    assert.equal(identifyContent({ files: [file("dump.rdb", noKeys)], isWhole: false }).isEmpty, false);
  });

  it("is another program's where a file of it lies there, and whose it is where a mark says so", () => {
    assert.equal(identify(file("PG_VERSION", "17\n"), file("base/1/1")).kind, "postgres");
    assert.equal(identify(file(".holdfast-store", "shop/redis\n"), file("x")).store, "shop/redis");
    assert.equal(identify(file("notes.txt", "x")).kind, "unknown");
  });

  it("is told in one line that does nothing to a terminal", () => {
    const content = identify(file("\u001b[31mdump.rdb", threeKeysAndOne));
    assert.equal(
      contentWords(content),
      "Redis 7.0.15: snapshot \\u001b[31mdump.rdb of 2026-11-25T22:12:58Z, 3 keys in its first database; 1 file, 119 B",
    );
    assert.equal(
      contentWords(identify(file("x", "1")), "rabbitmq"),
      "RabbitMQ, by the image that mounted it: 1 file, 1 B",
    );
    assert.equal(contentWords(identify(file("x", "1"))), "unknown data: 1 file, 1 B");
  });

  it("has links that no engine takes into another volume where they lead further up than the folder above it", () => {
    for (const [path, target, isOut] of [
      ["a", "b", false],
      ["a", "../b", false],
      ["a", "../../b", true],
      ["a/b", "../..", false],
      ["a/b", "../../..", true],
      ["a", "..b/../../c", false],
      ["a", "x/../../../c", true],
      ["a", "/etc/passwd", false],
      ["a", "/../../etc", false],
    ] as const)
      assert.equal(leadsOut(path, target), isOut, `${path} -> ${target}`);
  });
});
