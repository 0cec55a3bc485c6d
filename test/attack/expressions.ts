import { readReply } from "../../cli/commands/redis/protocol.ts";
import { wrappedLines } from "../../cli/terminal/wrapped-lines.ts";
import { parsePropertyPath } from "../../engine/model/property-path.ts";
import { locateImage } from "../../engine/provider/functions/registry-image.ts";
import { readPlain } from "../../engine/state/pulumi-yaml.ts";
import { showCommandLine, showMountOptions, withoutCredentials } from "../../impact/redaction/command-line.ts";
import { showProperty } from "../../impact/redaction/property-values.ts";
import { readStackFile } from "../../inputs/stack/file.ts";
import { interpolate } from "../../inputs/stack/interpolation.ts";
import { parseConstraint } from "../../model/placement/constraints.ts";
import { parseFirstStart } from "../../model/service/start-guard.ts";
import { readDefinitions } from "../../policies/definitions.ts";
import { judgeDefinitions } from "../../policies/judge.ts";
import { parseSize } from "../../text/byte-size.ts";
import { parseDuration } from "../../text/duration.ts";
import { printable, printableLines, printableStyled } from "../../text/escape.ts";
import { shellWords } from "../../text/shell-words.ts";
import type { AttackCase } from "./case.ts";
import { requireLinear } from "./growth.ts";

/** What reads a text that somebody else has written. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  "a line that is wrapped": (text) => wrappedLines(text, 80),
  "a path of a property": parsePropertyPath,
  "an image's name": locateImage,
  "a setting": readPlain,
  "a duration": (text) => parseDuration(text, "path"),
  "a size": (text) => parseSize(text, "path"),
  "a value with variables": (text) => interpolate(text, {}),
  "a constraint": (text) => parseConstraint(text),
  "a text that is printed": printable,
  "lines that are printed": printableLines,
  "lines in colour": printableStyled,
  "a script": shellWords,
  "a value that is shown": (text) => showProperty("env", text),
  "the path of a value that is shown": (text) => showProperty(text, "x"),
  "a command that is shown": (text) => showCommandLine([text, text]),
  "options of a mount": showMountOptions,
  "an address with a password": withoutCredentials,
  "a time": (text) => parseFirstStart(text, "path"),
  "a variable that the policies look at": (text) =>
    judgeFile(`services:\n  s:\n    image: redis\n    environment:\n      - ${JSON.stringify(`E=${text}`)}\n`),
  "a label that the policies look at": (text) =>
    judgeFile(`services:\n  s:\n    image: redis\n    labels:\n      holdfast.suppress: ${JSON.stringify(text)}\n`),
  "an image in a stack file": (text) => judgeFile(`services:\n  s:\n    image: ${JSON.stringify(text)}\n`),
  "a command in a stack file": (text) =>
    judgeFile(`services:\n  s:\n    image: redis\n    command: ${JSON.stringify(text)}\n`),
  "a volume in a stack file": (text) =>
    judgeFile(`services:\n  s:\n    image: redis\n    volumes: [${JSON.stringify(text)}]\n`),
};

/** What an expression goes astray in: much of the same, and then something else. */
const seeds = ["a", " ", "\r", "//", "a:", "${A:-", "T", "@", "?", "[1]", '"', "`", "\\ ", "0", "a.b-", "\u001b["];

function judgeFile(text: string): unknown {
  return judgeDefinitions(readDefinitions(text, { file: "stack.yaml" }), { today: "2026-01-01" });
}

/** Many of something, each of which has its number. */
function many(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => write(index)).join("");
}

/** Stack files of a size, by what there is much of. */
const files: Readonly<Record<string, (size: number) => string>> = {
  services: (size) => `services:\n${many(size, (index) => `  s${index}:\n    image: redis:7\n`)}`,
  "services with volumes": (size) =>
    `services:\n${many(size, (index) => `  s${index}:\n    image: redis:7\n    volumes: ["d${index}:/data"]\n`)}volumes:\n${many(size, (index) => `  d${index}: {}\n`)}`,
  variables: (size) =>
    `services:\n  s:\n    image: redis\n    environment:\n${many(size, (index) => `      - E${index}=v\n`)}`,
  ports: (size) =>
    `services:\n  s:\n    image: redis\n    ports:\n${many(size, (index) => `      - "${index}:6379"\n`)}`,
  constraints: (size) =>
    `services:\n  s:\n    image: redis\n    deploy:\n      placement:\n        constraints:\n${many(size, (index) => `          - node.labels.a${index}==1\n`)}`,
  labels: (size) => `services:\n  s:\n    image: redis\n    labels:\n${many(size, (index) => `      l${index}: v\n`)}`,
  mounts: (size) =>
    `services:\n  s:\n    image: redis\n    volumes:\n${many(size, (index) => `      - d${index}:/d${index}\n`)}`,
};

/** Inputs whose reading took the square of their length, or still would if it were looked for less. */
export const cases: readonly AttackCase[] = [
  ...Object.entries(readers).flatMap(([reader, read]) => ({
    group: "expressions",
    name: `${reader} takes twice the time for twice the length, whatever it is full of`,
    run() {
      for (const seed of seeds) {
        const input = (size: number) => `${seed.repeat(Math.ceil(size / seed.length))}\n!`;
        try {
          requireLinear(10_000, input, read);
        } catch (error) {
          throw new Error(`full of ${JSON.stringify(seed)}: ${String(error)}`, { cause: error });
        }
      }
      return Promise.resolve();
    },
  })),
  ...Object.entries(files).flatMap(([what, write]): AttackCase[] =>
    [
      { how: "is read", read: (text: string) => readStackFile(text, { file: "stack.yaml" }) },
      { how: "is judged by the policies", read: judgeFile },
    ].map(({ how, read }) => ({
      group: "expressions",
      name: `a stack file with many ${what} ${how} in twice the time for twice the length`,
      run() {
        requireLinear(500, write, read);
        return Promise.resolve();
      },
    })),
  ),
  ...[
    { what: "2,001 anchors", text: `x:\n${many(2001, (index) => `  k${index}: &a${index} v\n`)}` },
    { what: "200,000 aliases", text: `x: &a 1\ny: [${many(200_000, () => "*a,")}]` },
    { what: "5 MiB", text: `x: ${"a".repeat(5 * 1024 * 1024)}` },
    {
      what: "a bomb of aliases",
      text: `a0: &a0 x\n${many(40, (index) => `a${index + 1}: &a${index + 1} [${many(10, () => `*a${index},`)}]\n`)}`,
    },
  ].map(({ what, text }): AttackCase => ({
    group: "expressions",
    name: `a stack file with ${what} is refused in one line`,
    limitSeconds: 60,
    run() {
      try {
        readStackFile(text, { file: "stack.yaml" });
      } catch (error) {
        if (error instanceof Error && error.name === "InputError" && !error.message.includes("\n"))
          return Promise.resolve();
        throw error;
      }
      throw new Error("it was taken");
    },
  })),
  ...["*1\r\n", "*-1\r\n", "%1\r\n", "|1\r\n", ":1\r\n", "$1\r\na\r\n"].map((seed): AttackCase => ({
    group: "expressions",
    name: `an answer of Redis that is full of ${JSON.stringify(seed)} is read in its length's time, and without an end of the stack`,
    run() {
      requireLinear(
        20_000,
        (size) => Buffer.from(seed.repeat(size)),
        (answer) => readReply(answer),
      );
      return Promise.resolve();
    },
  })),
];
