import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { shellWords } from "../../text/shell-words.ts";

const texts = (script: string): string[] => shellWords(script).map(({ text }) => text);

describe("the words of a shell command", () => {
  it("keep quotes, escapes and comments apart", () => {
    assert.deepEqual(texts(`redis-server --save "" --dir '/a b' c\\ d "e\\"f" # rest`), [
      "redis-server",
      "--save",
      "",
      "--dir",
      "/a b",
      "c d",
      'e"f',
    ]);
    assert.deepEqual(texts("a && b||c;d | e\nf"), ["a", "&&", "b", "||", "c", ";", "d", "|", "e", "\n", "f"]);
    assert.deepEqual(texts("a \\\n  b#c"), ["a", "b#c"]);
    assert.deepEqual(texts("a > b 2>&1 & c"), ["a", ">", "b", "2>&1", "&", "c"]);
  });

  it("say where something is put in at run time", () => {
    const words = shellWords('x "$(cat /run/secrets/pw)" $HOME `id` \'$x\' "\\$y" ${A:-b c} "$@"');
    assert.deepEqual(
      words.map(({ text, isDynamic }) => [text, isDynamic]),
      [
        ["x", false],
        ["$(cat /run/secrets/pw)", true],
        ["$HOME", true],
        ["`id`", true],
        ["$x", false],
        ["$y", false],
        ["${A:-b c}", true],
        ["$@", true],
      ],
    );
  });

  it("end, whatever the text is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from("ab '\"$`\\(){}\n;&|#<")) }),
        (script) => shellWords(script).length >= 0,
      ),
    );
  });

  it("are those of a real shell", () => {
    const script = fc.array(fc.constantFrom("a", "b c", "'d e'", '"f g"', "\\ h", '"i\\"j"', "k'l'm", "''", "n#o"), {
      minLength: 1,
      maxLength: 6,
    });
    const samples = fc.sample(script, { numRuns: 40, seed: 1 }).map((parts) => parts.join(" "));
    const out = execFileSync(
      "sh",
      ["-c", samples.map((sample) => `printf '%s\\037' ${sample}; printf '\\036'`).join("\n")],
      { encoding: "utf8" },
    );
    const real = out
      .split("\u001e")
      .slice(0, -1)
      .map((line) => line.split("\u001f").slice(0, -1));
    assert.deepEqual(samples.map(texts), real);
  });
});
