import assert from "node:assert/strict";
import { CanaryFinder } from "../../../backup/canary/finder.ts";

const command = (canary: number): string => `*3\r\n$3\r\nSET\r\n$15\r\nholdfast:canary\r\n$13\r\n${canary}\r\n`;
const [first, second, foreign] = [1_796_000_000_000, 1_796_000_010_000, 1_796_000_020_000];

function newestIn(text: string, chunkBytes: number): number | undefined {
  const finder = new CanaryFinder((canary) => canary === first || canary === second);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) finder.feed(bytes.subarray(at, at + chunkBytes));
  return finder.newest;
}

describe("the canary in a log", () => {
  it("is the newest that was written, wherever the chunks are cut", () => {
    const other = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    const log = [other, command(first), other, command(second), other, command(foreign), other].join("");
    for (let chunk = 1; chunk <= log.length; chunk++) assert.equal(newestIn(log, chunk), second, `chunks of ${chunk}`);
  });

  it("is not there before its last digit, or when another key has it", () => {
    assert.equal(newestIn(command(first).slice(0, -3), 1000), undefined);
    assert.equal(newestIn(command(first).replace("holdfast", "holdfasT"), 1000), undefined);
    assert.equal(newestIn("", 1), undefined);
  });
});
