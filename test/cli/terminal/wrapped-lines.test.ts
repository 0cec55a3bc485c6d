import assert from "node:assert/strict";
import fc from "fast-check";
import { wrappedLines } from "../../../cli/terminal/wrapped-lines.ts";

describe("a line that is longer than the terminal is wide", () => {
  it("is broken between words, further in, and never within a command", () => {
    const line =
      "  holdfast:node: expected a node, got nothing. Choose one with `npx holdfast config set node <hostname>`.";
    assert.deepEqual(wrappedLines(line, 50), [
      "  holdfast:node: expected a node, got nothing.",
      "    Choose one with",
      "    `npx holdfast config set node <hostname>`.",
    ]);
    assert.deepEqual(wrappedLines("short enough", 80), ["short enough"]);
    assert.deepEqual(wrappedLines("a".repeat(100), 80), ["a".repeat(100)]);
  });

  it("does not count colours", () => {
    const red = `\u001b[31merror:\u001b[39m ${"x".repeat(70)}`;
    assert.deepEqual(wrappedLines(red, 80), [red]);
  });

  it("goes on further in than a coloured line begins", () => {
    const lines = wrappedLines(`\u001b[2m    Outage: ${"x ".repeat(50)}\u001b[22m`, 80);
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? "", /^ {6}x/);
  });

  it("loses no word and breaks none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z`'.]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 20, max: 80 }),
        (words, columns) => {
          const lines = wrappedLines(words.join(" "), columns);
          assert.deepEqual(lines.join(" ").split(/\s+/).filter(Boolean), words);
          const breakable = words.every((word) => !word.includes("`"));
          if (breakable) assert.ok(lines.every((line) => line.length <= columns));
        },
      ),
    );
  });
});
