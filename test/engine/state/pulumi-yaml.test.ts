import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { configText, readPlain, yamlText } from "../../../engine/state/pulumi-yaml.ts";
import { anyCharacter } from "../../support/any-character.ts";

/**
 * What Pulumi 3.260 hands the program for `p:k: <text>`: `workspace.LoadProjectStackBytes` and `config.Map.Decrypt` of its Go
 * module (gopkg.in/yaml.v3 3.0.1), asked once for each text. `undefined` where this engine refuses it: Pulumi says
 * `2026-11-30 00:00:00 +0000 UTC` for a day, fails for an infinity, and reads `0b-1` as -1.
 */
const readByPulumi: [text: string, value: string | undefined][] = [
  ["2026-11-30T08:47:35Z", "2026-11-30 08:47:35 +0000 UTC"],
  ["2026-02-30T08:47:35Z", undefined],
  ["2026-11-30t08:47:35.5+01:00", undefined],
  ["2026-11-30 08:47:35", undefined],
  ["2026-11-30", undefined],
  ["2026-1-3", undefined],
  ["2026-11-30-a", "2026-11-30-a"],
  ["yes", "yes"],
  ["on", "on"],
  ["n", "n"],
  ["true", "true"],
  ["TRUE", "true"],
  ["False", "false"],
  ["tRue", "tRue"],
  ["nUll", "nUll"],
  ["0400", "256"],
  ["0o400", "256"],
  ["0x1f", "31"],
  ["-0X1F", "-31"],
  ["0b11", "3"],
  ["08", "8"],
  ["0_8", "8"],
  ["09.5", "9.5"],
  ["1e3", "1000"],
  ["1_000", "1000"],
  ["1__0", "10"],
  ["_1", "_1"],
  ["1_000.5", "1000.5"],
  ["12:30:00", "12:30:00"],
  ["1:30", "1:30"],
  [".inf", undefined],
  ["-.INF", undefined],
  [".NaN", undefined],
  ["Infinity", "Infinity"],
  ["=", "="],
  ["1.50", "1.5"],
  ["1.", "1"],
  ["+5", "5"],
  ["+.5", "0.5"],
  ["-.5", "-0.5"],
  [".5_0", "0.5"],
  [".5__0", ".5__0"],
  ["-0.0", "0"],
  ["1e400", "1e400"],
  ["0b-1", undefined],
  ["0x", "0x"],
  ["1e", "1e"],
  ["e3", "e3"],
  ["--5", "--5"],
  ["5M", "5M"],
  ["9223372036854775808", "9223372036854775808"],
  ["18446744073709551615", "18446744073709551615"],
  ["18446744073709551616", "18446744073709552000"],
  ["-9223372036854775809", "-9223372036854776000"],
  ["123456789012345678901234567890", "1.2345678901234568e+29"],
  ["1e20", "100000000000000000000"],
  ["1e-7", "1e-7"],
];

/** What `pulumi config set` of the same version writes into a new file. */
const writtenByPulumi: [text: string, written: string][] = [
  ["2026-11-30T08:47:35Z", `"2026-11-30T08:47:35Z"`],
  ["yes", `"yes"`],
  ["n", `"n"`],
  ["true", `"true"`],
  ["0400", `"0400"`],
  ["1e3", `"1e3"`],
  ["1_000", `"1_000"`],
  ["0x1f", `"0x1f"`],
  ["12:30:00", `"12:30:00"`],
  ["10000", `"10000"`],
  ["~", `"~"`],
  ["null", `"null"`],
  [".inf", `".inf"`],
  ["", `""`],
  ["100M", "100M"],
  ["redis:7", "redis:7"],
  ["127.0.0.1:5000/redis:7.0.15@sha256:3cee", "127.0.0.1:5000/redis:7.0.15@sha256:3cee"],
  ["unix:///run/docker.sock", "unix:///run/docker.sock"],
  ["two words", "two words"],
  ["it's", "it's"],
  ["é", "é"],
];

describe("a value in a settings file", () => {
  it("that a person wrote without quotation marks is what Pulumi makes of it, or refused", () => {
    const read = readByPulumi.map(([text]) => {
      const value = readPlain(text);
      return [text, value === undefined ? undefined : configText(value)];
    });
    assert.deepEqual(read, readByPulumi);
  });

  it("is nothing where it is empty, ~ or null", () => {
    assert.deepEqual(["", "~", "null", "Null", "NULL"].map(readPlain), [null, null, null, null, null]);
  });

  it("that is a list or a map is the JSON that Go writes: keys in order, numbers of 64 bits", () => {
    assert.equal(
      configText({ b: [1, 2n ** 63n - 1n, 2n ** 64n - 1n, null, true], a: "<x>" }),
      '{"a":"\\u003cx\\u003e","b":[1,9223372036854775807,18446744073709552000,null,true]}',
    );
  });

  it("is written as Pulumi writes it", () => {
    assert.deepEqual(
      writtenByPulumi.map(([text]) => [text, yamlText(text)]),
      writtenByPulumi,
    );
  });

  it("that was written is the same text again, by the rules of YAML 1.1, of YAML 1.2 and of Pulumi", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = yamlText(text);
        assert.doesNotMatch(line, /[\n\r\u0085\u2028\u2029]/u);
        for (const version of ["1.1", "1.2"] as const)
          assert.deepEqual(parse(`p:k: ${line}\n`, { version }), { "p:k": text });
        if (!line.startsWith('"')) assert.equal(readPlain(line), text);
      }),
      { numRuns: 2000 },
    );
  });
});

const pieces =
  "0x 0b 0o 1e 2026- 11 -30 T08:47:35Z _ .5 12:30 :00 null true yes on ~ .inf nan = << !x ? - [ ] { } , # & * | > ' \" % @ ` \\".split(
    " ",
  );

/** Texts that are likely to be taken for something else, and any others. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  fc
    .array(
      fc.oneof(fc.constantFrom(...pieces, " ", ": ", " #", "\n", "\u0085", "\u2028", "\ufeff", "\t"), fc.string()),
      {
        maxLength: 5,
      },
    )
    .map((parts) => parts.join("")),
  fc.string({ unit: anyCharacter }),
);
