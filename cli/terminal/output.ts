import { styleText } from "node:util";
import { printable, printableLines, printableStyled } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { plain, type Style } from "../../text/style.ts";
import { wrappedLines } from "./wrapped-lines.ts";

/** The terminal as far as a live display needs it. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

/** Where a command's words go. */
export interface Output {
  /** Exactly one document is wanted on standard output; everything said on the way is left out. */
  readonly json: boolean;
  readonly style: Style;
  /** The terminal to draw on; undefined where standard output is none, or one that cannot move its cursor. */
  readonly terminal: Terminal | undefined;
  /** Prints lines for people: on standard output, or nowhere where JSON is wanted; on a terminal no word is broken. */
  readonly print: (...lines: string[]) => void;
  /** Prints text from outside, such as a reply or a value, unchanged; on a terminal its control sequences have no effect. */
  readonly printAsIs: (...lines: string[]) => void;
  /** Prints lines about what went wrong, on standard error. */
  readonly warn: (...lines: string[]) => void;
  /** Whether standard output has had its one document; later errors go to standard error only. */
  readonly hasDocument: () => boolean;
  /** Prints the one document that `--json` asks for. */
  readonly document: (value: unknown) => void;
  /** Prints one line of JSON, for streams of events. */
  readonly documentLine: (value: unknown) => void;
  /** From now on `[secret]` is printed in place of this text. */
  readonly conceal: (secret: string) => void;
}

/**
 * Checks that standard output, which takes one document, is asked for one at the most.
 *
 * @param options - by their names; `true` for one whose document goes to standard output
 * @throws InputError when several do
 */
export function requireOneDocument(options: Readonly<Record<string, string | true | undefined>>): void {
  const names = Object.keys(options).filter((name) => options[name] === true);
  if (names.length < 2) return;
  throw new InputError({
    path: "command line",
    expected: "one document on standard output",
    got: names.join(" and "),
    fix: "Leave out all but one, or have the others write to a file if they can",
  });
}

/** The streams that an output writes to, as `process.stdout` and `process.stderr` are. */
export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
}

/** Streams that have had their one document, also from another output of the same process. */
const documented = new WeakSet<NodeJS.WritableStream>();

/** The width of a terminal that does not report one, or reports 0 because its size was never set. */
const usualColumns = 80;

/** Secrets shorter than this would turn ordinary words into `[secret]`. */
const concealedFromLength = 4;

/**
 * The output of a command.
 *
 * Colours and the live display need a terminal; `NO_COLOR`, `FORCE_COLOR` and `TERM` count as Node's `styleText` has it.
 */
export function openOutput(json: boolean, streams: Streams = process): Output {
  const { stdout, stderr } = streams;
  const secrets = new Set<string>();
  const masked = (text: string) => [...secrets].reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
  const writeLines = (stream: NodeJS.WritableStream, lines: string[]) => {
    if (lines.length > 0) stream.write(masked(`${lines.join("\n")}\n`));
  };
  /** Names and words from outside have no effect on the terminal, the log or the pull request that shows them. */
  const writeWords = (stream: Streams["stderr"], lines: string[]) => {
    writeLines(stream, fitted(stream, lines.map(printableStyled)));
  };
  /** Lines as wide as the terminal, where it is one. */
  const fitted = (stream: Streams["stderr"], lines: string[]) =>
    stream.isTTY === true
      ? lines.flatMap((line) => line.split("\n")).flatMap((line) => wrappedLines(line, stream.columns || usualColumns))
      : lines;
  const canDraw = stdout.isTTY === true && process.env["TERM"] !== "dumb";
  const terminal: Terminal = {
    get columns() {
      return stdout.columns || usualColumns;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    write: (text) => {
      stdout.write(masked(text));
    },
  };
  return {
    json,
    // Without colours where standard output takes none.
    style: json ? plain : (format, text) => styleText(format, text),
    terminal: canDraw && !json ? terminal : undefined,
    print: (...lines) => {
      if (!json) writeWords(stdout, lines);
    },
    printAsIs: (...lines) => {
      if (!json) writeLines(stdout, stdout.isTTY === true ? lines.map(printableStyled) : lines);
    },
    warn: (...lines) => {
      writeWords(stderr, lines);
    },
    hasDocument: () => documented.has(stdout),
    document: (value) => {
      documented.add(stdout);
      writeLines(stdout, [printableLines(JSON.stringify(value, undefined, 4))]);
    },
    documentLine: (value) => {
      writeLines(stdout, [printable(JSON.stringify(value))]);
    },
    conceal: (secret) => {
      if (secret.length < concealedFromLength) return;
      secrets.add(secret);
      secrets.add(JSON.stringify(secret).slice(1, -1));
    },
  };
}
