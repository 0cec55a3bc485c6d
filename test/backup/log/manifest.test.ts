import assert from "node:assert/strict";
import fc from "fast-check";
import { readLogManifest, writeLogManifest } from "../../../backup/log/manifest.ts";

describe("the manifest of a log", () => {
  it("is read in every form that a server writes", () => {
    const text = [
      "file appendonly.aof.2.base.rdb seq 2 type b",
      "file appendonly.aof.1.base.rdb seq 1 type h",
      'file "my log.aof.4.incr.aof" seq 4 type i',
      "file appendonly.aof.3.incr.aof seq 3 type i startoffset 12 endoffset 99",
      "",
    ].join("\n");
    assert.deepEqual(readLogManifest(text), {
      base: { name: "appendonly.aof.2.base.rdb", seq: 2 },
      increments: [
        { name: "appendonly.aof.3.incr.aof", seq: 3 },
        { name: "my log.aof.4.incr.aof", seq: 4 },
      ],
    });
    assert.deepEqual(readLogManifest(""), { base: undefined, increments: [] });
  });

  it("is refused with a sentence in any other form", () => {
    for (const line of [
      "file a seq 1",
      "file ../a seq 1 type i",
      "seq 1 type i",
      "file a seq x type i",
      "\u0000",
      "file a seq 1 type z",
    ])
      assert.throws(
        () => readLogManifest(`${line}\n`),
        /^SituationError: The manifest of the append-only log has a line/,
        line,
      );
  });

  it("is read as it is written, whatever the log is called", () => {
    const name = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => !/[/\0]/u.test(text) && !/^\.{1,2}$/u.test(text));
    const file = fc.record({ name, seq: fc.nat() }, { noNullPrototype: true });
    fc.assert(
      fc.property(file, fc.uniqueArray(file, { selector: ({ seq }) => seq }), (base, increments) => {
        const manifest = { base, increments: increments.toSorted((one, other) => one.seq - other.seq) };
        assert.deepEqual(readLogManifest(writeLogManifest(manifest)), manifest);
      }),
    );
  });
});
