import assert from "node:assert/strict";
import fc from "fast-check";
import { CommandScanner } from "../../../backup/log/commands.ts";

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  // What looks like the protocol itself.
  fc
    .array(fc.constantFrom("*3\r\n$", "$5\r\nMULTI\r\n", "#TS:9\r\n", "\r\n", "EXEC", "*1\r\n$4\r\nEXEC\r\n"), {
      maxLength: 5,
    })
    .map((parts) => Buffer.from(parts.join(""))),
);
const command = fc
  .array(argument, { minLength: 1, maxLength: 5 })
  .map(([, ...others]) => encoded(Buffer.from("SET"), ...others));
const transaction = fc
  .array(command, { maxLength: 4 })
  .map((commands) => Buffer.concat([encoded("MULTI"), ...commands, encoded("exec")]));
const annotation = fc.integer({ min: 1, max: 9 }).map((seconds) => Buffer.from(`#TS:${seconds}\r\n`));
/** Things that a log may be cut between. */
const log = fc.array(fc.oneof(command, transaction, annotation), { maxLength: 8 });

function encoded(...parts: (Buffer | string)[]): Buffer {
  const words = parts.map((part) => Buffer.from(part));
  return Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from("\r\n")]),
  ]);
}

function scanned(
  bytes: Buffer,
  { chunk = bytes.length, offset = 0, until }: { chunk?: number; offset?: number; until?: number } = {},
) {
  const scanner = new CommandScanner(offset, undefined, until);
  for (let at = 0; at < bytes.length; at += Math.max(chunk, 1))
    scanner.feed(bytes.subarray(at, at + Math.max(chunk, 1)));
  return scanner;
}

describe("the scanner of a log", () => {
  it("finds the end of whole commands and transactions, wherever the log and the chunks are cut", () => {
    fc.assert(
      fc.property(
        log,
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(4000)),
        fc.nat(1000),
        (parts, chunk, offset) => {
          const bytes = Buffer.concat(parts);
          const ends = [0];
          for (const part of parts) ends.push((ends.at(-1) ?? 0) + part.length);
          for (let cut = 0; cut <= bytes.length; cut += 1) {
            const { boundary, mistake } = scanned(bytes.subarray(0, cut), { chunk, offset });
            assert.equal(mistake, undefined);
            assert.equal(boundary, offset + (ends.findLast((end) => end <= cut) ?? 0));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("knows the time of the last whole command", () => {
    const bytes = Buffer.concat([
      Buffer.from("#TS:5\r\n"),
      encoded("SET", "a", "1"),
      Buffer.from("#TS:7\r\n"),
      encoded("SET", "b"),
    ]);
    assert.deepEqual(
      [scanned(bytes).seconds, scanned(bytes.subarray(0, 20)).seconds, scanned(Buffer.alloc(0)).seconds],
      [7, 5, undefined],
    );
    assert.equal(new CommandScanner(0, 3).seconds, 3);
  });

  it("stops before the first command after a time, also within a transaction", () => {
    const first = Buffer.concat([Buffer.from("#TS:5\r\n"), encoded("SET", "a", "1")]);
    const second = Buffer.concat([Buffer.from("#TS:6\r\n"), encoded("FLUSHALL")]);
    const bytes = Buffer.concat([first, second]);
    assert.deepEqual(
      [scanned(bytes, { until: 5 }).boundary, scanned(bytes, { until: 6 }).boundary],
      [first.length, bytes.length],
    );
    assert.deepEqual([scanned(bytes, { until: 5 }).isPast, scanned(bytes, { until: 6 }).isPast], [true, false]);
    const inside = Buffer.concat([first, encoded("MULTI"), encoded("SET", "b", "1"), second, encoded("EXEC")]);
    assert.equal(scanned(inside, { until: 5 }).boundary, first.length);
  });

  it("says where the log holds something else", () => {
    const whole = encoded("SET", "a", "1");
    const cases: [string | Buffer, number, RegExp][] = [
      ["SET a 1\r\n", 0, /something else than a command/],
      ["*0\r\n", 0, /something else than a command/],
      ["*1\r\n+OK\r\n", 4, /something else than an argument/],
      ["*1\r\n$2\r\nabc\r\n", 10, /longer than its length/],
      ["*1\n$1\r\na\r\n", 0, /without its end/],
      ["*1\r\n$-1\r\n", 4, /something else than an argument/],
      ["*99999999999\r\n", 0, /something else than a command/],
      [Buffer.alloc(200), 0, /longer than any/],
      ["\n", 0, /without its end/],
    ];
    for (const [text, offset, problem] of cases) {
      for (const chunk of [1, 1000]) {
        const { mistake, boundary } = scanned(Buffer.concat([whole, Buffer.from(text)]), { chunk });
        assert.equal(mistake?.offset, whole.length + offset, String(text));
        assert.match(mistake.problem, problem);
        assert.equal(boundary, whole.length);
      }
    }
  });

  it("finds the same in one chunk as in chunks of one byte, whatever is damaged", () => {
    fc.assert(
      fc.property(log, fc.nat(), fc.nat(255), (parts, place, value) => {
        const bytes = Buffer.concat(parts);
        if (bytes.length > 0) bytes[place % bytes.length] = value;
        const [whole, single] = [scanned(bytes), scanned(bytes, { chunk: 1 })];
        assert.deepEqual(
          [whole.boundary, whole.seconds, whole.mistake],
          [single.boundary, single.seconds, single.mistake],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, chunk) => {
        const { boundary } = scanned(Buffer.from(bytes), { chunk });
        assert.ok(boundary >= 0 && boundary <= bytes.length);
      }),
    );
  });
});
