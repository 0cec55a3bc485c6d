/** The YAML of a stack file as a tree of values, with its variables filled in. */
import { LineCounter, parseAllDocuments, type Document, type ScalarTag } from "yaml";
import { byteWords } from "../../text/byte-size.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { isSecretVariable } from "../../text/secret-names.ts";
import { requireFewAliases } from "../../text/yaml-aliases.ts";
import { isRecord, recordOf } from "../fields/field.ts";
import { mergeDefinitions } from "./extends.ts";
import { interpolate, type Variables } from "./interpolation.ts";
import { locatePath, type Position } from "./positions.ts";

/** What a stack file is read with. */
export interface StackFileOptions {
  /** The file's name, for errors and for files relative to it. */
  readonly file: string;
  /** Values of the variables that the file uses; one that is not here and has no default is not known. */
  readonly variables?: Variables;
  /** Reads a file that the stack file names (`extends`, `env_file`, a config's `file`), relative to it; `undefined` when it cannot. */
  readonly readFile?: (path: string) => string | undefined;
  /**
   * The stack's name, which comes before the names of what the file makes; without it they are identified by their keys. With it
   * the file is read as `docker stack deploy` reads it where Compose does otherwise: its first document alone, and the values of
   * an `env_file` with their quotation marks.
   */
  readonly stack?: string;
}

/** A stack file's tree, and where each path is written. */
export interface StackTree {
  readonly value: unknown;
  readonly locate: (path: string) => Position;
}

/**
 * Reads the tree of a stack file. A later document comes on top of an earlier one.
 *
 * @throws InputError when it is no YAML, or too large
 */
export function readTree(text: string, options: StackFileOptions): StackTree {
  const { documents: all, lines } = parse(text, options.file);
  const documents = options.stack === undefined ? all : all.slice(0, 1);
  return {
    value: interpolated(plainValue(documents, options.file), options),
    locate: (path) => locatePath(documents, lines, path),
  };
}

/** The services of another file that a stack file names; `undefined` when it cannot be read. */
export function otherServices(file: string, options: StackFileOptions): Readonly<Record<string, unknown>> | undefined {
  const text = options.readFile?.(file);
  if (text === undefined) return undefined;
  const value = interpolated(plainValue(parse(text, file).documents, file), options);
  return isRecord(value) && isRecord(value["services"]) ? value["services"] : undefined;
}

/** `0400`, as people write a file's mode: YAML 1.1, which Docker reads, has it octal, and YAML 1.2 has not. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  format: "OCT",
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

function parse(text: string, file: string): { documents: readonly Document.Parsed[]; lines: LineCounter } {
  if (text.length > mostCharacters) {
    throw new InputError({
      path: file,
      expected: `at most ${byteWords(mostCharacters)}`,
      got: byteWords(text.length),
      fix: "Divide the file into several stacks",
    });
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "silent",
    customTags: (tags) => [octal, ...tags],
  });
  // For a text without any document, the library returns a special empty list.
  const documents = Array.isArray(parsed) ? parsed : [];
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new InputError({
      path: `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`,
      expected: "YAML",
      got: `a mistake: ${shortened(error.message.split("\n")[0] ?? "")}`,
      fix: "Correct the file",
    });
  }
  requireFewAliases(documents, file);
  return { documents, lines };
}

function shortened(message: string): string {
  return printable(message).slice(0, 120).replace(/[.]$/, "");
}

/** A stack file is smaller: one with 2,000 services has about 200 KiB. */
const mostCharacters = 4 * 1024 * 1024;

/** The documents as plain data. An alias that is expanded too often is refused, as the library does against "billion laughs". */
function plainValue(documents: readonly Document.Parsed[], file: string): unknown {
  try {
    const values = documents.map((document): unknown => document.toJS({ maxAliasCount: 1000 }));
    return values.filter((value) => value !== null && value !== undefined).reduce(mergeDefinitions, undefined);
  } catch (error) {
    throw new InputError({
      path: file,
      expected: "YAML whose aliases can be resolved",
      got: shortened(error instanceof Error ? error.message : String(error)),
      fix: aliasFix,
    });
  }
}

const aliasFix = "Correct the anchors and aliases";

/** Deeper than any stack file; an alias inside its own anchor would have no end. */
const deepest = 60;

/**
 * Keys in which all variables are read, for comparison: only harmless parts of these values are shown (impact/redaction).
 * Everything else, such as a constraint or a name, is shown in full, so a variable there that may be secret is not known.
 */
const neverShownWhole = new Set("environment labels command entrypoint test driver_opts".split(" "));

function interpolated(value: unknown, options: StackFileOptions, depth = 0, isShown = true): unknown {
  if (depth > deepest) {
    throw new InputError({
      path: options.file,
      expected: `at most ${deepest} levels`,
      got: "more, or an alias that contains itself",
      fix: aliasFix,
    });
  }
  const { variables = {} } = options;
  if (typeof value === "string") return interpolate(value, variables, isShown ? isSecretVariable : undefined);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, options, depth + 1, isShown));
  if (!isRecord(value)) return value;
  return recordOf(
    Object.keys(value).map(
      (key) => [key, interpolated(value[key], options, depth + 1, isShown && !neverShownWhole.has(key))] as const,
    ),
  );
}
