import assert from "node:assert/strict";
import fc from "fast-check";
import { dockerCommandWords } from "../../text/docker-words.ts";

describe("a command in one text", () => {
  it("is split at white space, with quotation marks and backslashes, and nothing of a shell's", () => {
    assert.deepEqual(dockerCommandWords("redis-server --save '' --requirepass s3cr&t;x\n"), [
      "redis-server",
      "--save",
      "",
      "--requirepass",
      "s3cr&t;x",
    ]);
    assert.deepEqual(dockerCommandWords(`a "b \\" 'c'" d\\ e f'g'"h"`), ["a", `b " 'c'`, "d e", "fgh"]);
    assert.deepEqual(dockerCommandWords("a # the rest\nb c#d"), ["a", "b", "c#d"]);
    assert.deepEqual(dockerCommandWords(" \n"), []);
  });

  it("gives back words that are quoted, whatever is in them", () => {
    const words = fc.array(fc.string());
    fc.assert(
      fc.property(words, (list) => {
        const quoted = list.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
        assert.deepEqual(dockerCommandWords(quoted), list);
      }),
    );
  });
});
