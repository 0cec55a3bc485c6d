/** The YAML files of a project, read as Pulumi reads them and with the place of each value. */
import type { Alias, Document, Node, Pair, Scalar, ScalarTag, SchemaOptions } from "yaml";
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import { InputError, showValue } from "../../text/input-error.ts";
import { requireFewAliases } from "../../text/yaml-aliases.ts";
import { readTextFile, shownPath } from "./durable-file.ts";
import { readPlain, yamlText, type YamlValue } from "./pulumi-yaml.ts";

/** A YAML file that has been read, with what messages about it need. */
export interface YamlFile {
  path: string;
  document: Document;
  /** The target of each alias. */
  targets: ReadonlyMap<Alias, Node>;
  /** `<file>:<line>` of a node. */
  place(node: unknown): string;
}

/** A text that is to be written so that every reader takes it for one. */
export class WrittenText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const writtenText: ScalarTag = {
  tag: "tag:yaml.org,2002:str",
  default: true,
  identify: (value) => value instanceof WrittenText,
  resolve: (text) => text,
  stringify: ({ value }) => (value instanceof WrittenText ? yamlText(value.text) : String(value)),
};

/** Scalars stay texts as in the file: {@link yamlValue} interprets them, and unchanged ones are written back unchanged. */
export const yamlOptions: SchemaOptions = { schema: "failsafe", customTags: [writtenText] };

/** More is no file of settings. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Reads a YAML file, or undefined when there is none.
 *
 * @throws InputError when it is not YAML, or not a map at its top
 */
export async function readYaml(path: string): Promise<YamlFile | undefined> {
  const text = await readTextFile(path, mostBytes);
  if (text === undefined) return undefined;
  const lineCounter = new LineCounter();
  const document = parse(text, path, lineCounter);
  const place = (offset: number): string => `${shownPath(path)}:${String(lineCounter.linePos(offset).line)}`;
  const [error] = document.errors;
  if (error !== undefined)
    throw new InputError({
      path: place(error.pos[0]),
      expected: "valid YAML",
      got: (error.message.split("\n", 1)[0] ?? "").replace(/(?: at line \d+, column \d+)?:?$/u, ""),
      fix: "Correct the line",
    });
  requireFewAliases([document], shownPath(path));
  const file = { path, document, place: (node: unknown) => place(startOf(node)), targets: targetsOf(document) };
  requireSound(file);
  if (!isMap(document.contents) && !isNothing(document.contents))
    throw new InputError({
      path: file.place(document.contents),
      expected: "keys and values",
      got: isScalar(document.contents) ? showValue(document.contents.value) : "a list",
      fix: "Write it as `key: value` lines",
    });
  return file;
}

function parse(text: string, path: string, lineCounter: LineCounter): Document {
  try {
    // Keys that are there twice are found below: to compare each with all others takes long where there are many.
    return parseDocument(text, { lineCounter, uniqueKeys: false, ...yamlOptions });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooDeep(shownPath(path));
  }
}

function tooDeep(path: string): InputError {
  return new InputError({
    path,
    expected: `lists and maps at most ${maxDepth} deep in each other`,
    got: "deeper ones",
    fix: "Write it flatter",
  });
}

/** What a person writes is flatter; what is deeper ends in a stack that overflows. */
const maxDepth = 100;

/** How many values aliases may make of a file; go-yaml refuses such a file as well ("excessive aliasing"). */
const maxValues = 100_000;

/** Follows aliases to the last anchor of their name before them. */
function targetsOf(document: Document): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/**
 * Refuses what no person writes and what would take forever to read: duplicate keys, endless structures.
 *
 * @throws InputError
 */
function requireSound(file: YamlFile): void {
  let values = 0;
  const walk = (node: unknown, depth: number, top: unknown): void => {
    if (depth > maxDepth) throw tooDeep(file.place(top));
    if (++values > maxValues)
      throw new InputError({
        path: file.place(top),
        expected: `at most ${maxValues} values, aliases written out`,
        got: "more",
        fix: "Write less, or take aliases of aliases out",
      });
    if (isAlias(node)) walk(file.targets.get(node), depth + 1, node);
    else if (isSeq(node)) for (const item of node.items) walk(item, depth + 1, item);
    else if (isMap(node)) {
      const keys = new Set<string>();
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name !== undefined && keys.has(name))
          throw new InputError({
            path: file.place(key),
            expected: "each key once",
            got: `${showValue(name)} twice`,
            fix: "Take one of them out",
          });
        if (name !== undefined) keys.add(name);
        walk(value, depth + 1, value ?? key);
      }
    }
  };
  walk(file.document.contents, 0, file.document.contents);
}

/** Whether Pulumi takes a node for nothing at all: it is not there, empty, `~` or `null`. */
export function isNothing(node: unknown): boolean {
  return node === undefined || node === null || (isPlain(node) && readPlain(String(node.value)) === null);
}

/**
 * What a node of a file means to Pulumi.
 *
 * @param name - what messages call it besides file and line
 * @throws InputError where Pulumi would hand on something else than what is written, or nothing
 */
export function yamlValue(file: YamlFile, node: unknown, name = ""): YamlValue {
  if (isAlias(node)) return yamlValue(file, file.targets.get(node), name);
  if (isSeq(node)) return node.items.map((item, index) => yamlValue(file, item, `${name}[${String(index)}]`));
  if (isMap(node)) return Object.fromEntries(node.items.map((pair) => entryOf(file, pair, name)));
  if (!isScalar(node)) return null;
  const text = String(node.value);
  const path = `${file.place(node)}${name && `: ${name}`}`;
  if (node.tag !== undefined && node.tag !== "tag:yaml.org,2002:str")
    throw new InputError({
      path,
      expected: "a value without a tag",
      got: node.tag,
      fix: "Take it out, or put the text in quotation marks",
    });
  const value = isPlain(node) ? readPlain(text) : text;
  if (value !== undefined) return value;
  throw new InputError({
    path,
    expected: "quotation marks around a text that Pulumi takes for something else",
    got: text,
    fix: `Write ${yamlText(text)}`,
  });
}

function entryOf(file: YamlFile, { key, value }: Pair, parent: string): [string, YamlValue] {
  const name = isScalar(key) ? yamlValue(file, key, parent) : undefined;
  if (typeof name === "string" && (name !== "<<" || !isPlain(key)))
    return [name, yamlValue(file, value, parent === "" ? name : `${parent}.${name}`)];
  throw new InputError({
    path: `${file.place(key)}${parent && `: ${parent}`}`,
    expected: "texts as keys, and no merge key",
    got: isScalar(key) ? String(key.value) : "a list or a map",
    fix: "Put the key in quotation marks, or write out what is merged",
  });
}

/** Whether a node is a scalar without quotation marks, and without a tag that says what it is. */
function isPlain(node: unknown): node is Scalar {
  return isScalar(node) && node.type === "PLAIN" && node.tag === undefined;
}

function startOf(node: unknown): number {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0;
}
