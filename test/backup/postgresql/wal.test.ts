import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readRange } from "../../../backup/postgresql/base.ts";
import { majorIn, requireSameVersion } from "../../../backup/postgresql/programs.ts";
import { whyAnother } from "../../../backup/postgresql/followed.ts";
import { lsnWords, parseLsn, placeInLog, receivedEnd, segmentName } from "../../../backup/postgresql/wal.ts";

const segmentBytes = 16 * 1024 ** 2;

describe("the versions of a PostgreSQL and of the programs that back it up", () => {
  it("are the same, or both are named", () => {
    requireSameVersion(17, majorIn("postgres (PostgreSQL) 17.6 (Debian 17.6-1.pgdg12+1)\n"));
    assert.throws(
      () => {
        requireSameVersion(18, majorIn("postgres (PostgreSQL) 17beta1\n"));
      },
      {
        message:
          "The server is PostgreSQL 18, and the image of its backup has the programs of PostgreSQL 17. Give the backup an image that was built with SERVER=postgres:18.",
      },
    );
  });
});

describe("PostgreSQL's log", () => {
  it("has places that are read as they are written", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (lsn) => {
        assert.equal(parseLsn(lsnWords(lsn)), lsn);
        const { seq, offset } = placeInLog(lsn, segmentBytes);
        assert.equal(seq * segmentBytes + offset, lsn);
      }),
    );
    assert.equal(lsnWords(0x1_016b_3748), "1/16B3748");
    for (const text of ["", "0", "0/", "g/0", "0/123456789"]) assert.equal(parseLsn(text), undefined);
  });

  it("has segments with PostgreSQL's own names", () => {
    assert.equal(segmentName(1, 1, segmentBytes), "000000010000000000000001");
    assert.equal(segmentName(18, 0x1_23, segmentBytes), "000000120000000100000023");
    assert.equal(segmentName(1, 5, 1024 ** 3), "000000010000000100000001");
  });

  it("was received up to the last byte that is none of the zeros behind it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-wal-"));
    try {
      await using handle = await open(join(folder, "segment"), "w+");
      await handle.truncate(segmentBytes);
      assert.equal(await receivedEnd(handle), 0);
      for (const end of [1, 4096, 262_144, 262_145, segmentBytes]) {
        await handle.write(Buffer.from([7]), 0, 1, end - 1);
        assert.equal(await receivedEnd(handle), end);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a PostgreSQL that is followed", () => {
  const followed = { system: "7", timeline: 1, segmentBytes, place: { seq: 4, offset: 100 } };
  const state = {
    system: "7",
    timeline: 1,
    segmentBytes,
    flushed: 4 * segmentBytes + 100,
    version: 17,
    kept: 4 * segmentBytes + 50,
  };

  it("is the same while it has all that was delivered, and keeps the rest", () => {
    assert.equal(whyAnother(followed, state), undefined);
  });

  for (const [words, change] of [
    ["Another database", { system: "8" }],
    ["timeline 2", { timeline: 2 }],
    ["is behind", { flushed: 4 * segmentBytes + 99 }],
    ["has not kept", { kept: null }],
    ["has not kept", { kept: 5 * segmentBytes }],
  ] as const)
    it(`is another one: ${JSON.stringify(change)}`, () => {
      assert.ok(whyAnother(followed, { ...state, ...change })?.includes(words));
    });
});

describe("a copy of a PostgreSQL", () => {
  it("says at its end which stretch of the log it needs", () => {
    const ranges =
      '"WAL-Ranges": [\n{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }\n],\n"Manifest-Checksum": "00"}';
    assert.deepEqual(readRange(ranges), { start: 0x2000028, end: 0x2000100 });
    assert.equal(readRange("cut off"), undefined);
  });
});
