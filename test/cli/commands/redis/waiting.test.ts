import assert from "node:assert/strict";
import { askedWaitMs } from "../../../../cli/commands/redis/waiting.ts";

describe("a command that waits", () => {
  for (const [command, expected] of [
    ["get blpop", 0],
    ["BLPOP jobs 1.5", 1500],
    ["brpop a b 0", Infinity],
    ["blmove a b left right 2", 2000],
    ["blmpop 3 1 jobs left", 3000],
    ["bzmpop 0 1 jobs min", Infinity],
    ["wait 1 250", 250],
    ["waitaof 1 0 0", Infinity],
    ["xread count 1 block 700 streams s $", 700],
    ["xread streams s 0", 0],
    ["XREADGROUP GROUP g c BLOCK 0 STREAMS s >", Infinity],
    ["xread streams s block", 0],
    ["blpop jobs soon", 0],
    ["blpop", 0],
    ["blpop jobs -1", 0],
  ] as const)
    it(`is waited for as long as it asks: ${command}`, () => {
      assert.equal(askedWaitMs(command.split(" ")), expected);
    });
});
