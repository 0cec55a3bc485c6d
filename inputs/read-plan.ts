/** Finds out what an input is, and makes a plan of it. */
import type { Executor, Plan } from "../model/plan/plan.ts";
import { printable } from "../text/escape.ts";
import { InputError } from "../text/input-error.ts";
import { notJsonWords } from "../text/parse-json.ts";
import { parseDocument, parseJson } from "./pulumi/preview-document.ts";
import { EventCollector, isDigest, isEvent, notPreview, readDigest, readEventLine } from "./pulumi/preview.ts";
import { isState } from "./pulumi/resource.ts";
import type { LiveServices, StackFileInput } from "./stack/plan.ts";

// What only some inputs need is loaded when it is needed: a preview of Pulumi needs no YAML.

/** A file, or standard input, as it is read. */
export interface Source {
  /** As it is called in errors. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Reads what a stack file names, relative to it. */
  readonly readFile?: (path: string) => string | undefined;
}

/** How an input is to be taken. */
export interface InputOptions {
  readonly executor: Executor;
  /** Variables that stack files use. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What runs now, to compare a single stack file with. */
  readonly live?: LiveServices;
  readonly prune: boolean;
  /** The stack's name in the swarm, for a stack file against what runs now. */
  readonly stack?: string;
}

/** More than any preview needs; anything larger is refused before it fills the memory. */
const longestLine = 64 * 1024 * 1024;
const longestDocument = 500 * 1024 * 1024;

/**
 * Reads one input, or two that are compared.
 *
 * A stream of events is read line by line, and only what concerns data is kept of it.
 *
 * @throws InputError when an input is none of these, is cut off, or does not go with the other
 */
export async function readPlan(sources: readonly Source[], options: InputOptions): Promise<Plan> {
  try {
    const [first, second] = sources;
    if (first === undefined) throw notPreview("input", "nothing");
    return await (second === undefined ? readOne(first, options) : readTwo(first, second, options));
  } catch (error) {
    if (error instanceof RangeError)
      throw notPreview(sources[0]?.name ?? "input", "values that are nested too deeply, or too long");
    throw error;
  }
}

async function readOne(source: Source, options: InputOptions): Promise<Plan> {
  const lines = new Lines(source);
  const firstLine = await lines.peek();
  const first = parseDocument(firstLine);
  if (isEvent(first.document)) {
    const collector = new EventCollector(options.executor);
    for (let line = await lines.next(), number = 1; line !== undefined; line = await lines.next(), number++) {
      if (line.trim() !== "") collector.add(readEventLine(line, `${source.name}:${number}`));
    }
    collector.requireEnd(source.name);
    return collector.plan(source.name);
  }
  const bytes = await lines.rest();
  // A document may be all on one line.
  const { document, unchanged } = bytes.length === firstLine.length ? first : parseDocument(bytes);
  if (isDigest(document)) return readDigest(document, source.name, options.executor, unchanged);
  if (isState(document)) {
    throw new InputError({
      path: printable(source.name),
      expected: "a preview, or two states to compare",
      got: "one state",
      fix: "Give the earlier state and the later state",
    });
  }
  const text = decoded(bytes);
  if (text.trim() === "") throw notPreview(source.name, "nothing");
  if (options.live !== undefined && document === undefined) {
    const { planOverLiveSwarm } = await import("./stack/plan.ts");
    return planOverLiveSwarm(options.live, stackFile(source, text, options), {
      prune: options.prune,
      stack: options.stack,
    });
  }
  throw notPreview(source.name, document === undefined ? notJsonWords(text) : "other JSON");
}

async function readTwo(first: Source, second: Source, options: InputOptions): Promise<Plan> {
  const [before, after] = [await new Lines(first).rest(), await new Lines(second).rest()];
  const documents = [parseJson(before), parseJson(after)];
  if (documents.every(isState)) {
    const { planBetweenStates } = await import("./pulumi/states.ts");
    return planBetweenStates(
      { document: documents[0], file: first.name },
      { document: documents[1], file: second.name },
      options.executor,
    );
  }
  if (documents.some((document) => document !== undefined)) {
    throw new InputError({
      path: printable(isState(documents[0]) ? second.name : first.name),
      expected: "two states, or two stack files",
      got: documents.some(isState) ? "one state and something else" : "other JSON",
      fix: "Give the earlier state first, then the later one",
    });
  }
  const { planBetweenStackFiles } = await import("./stack/plan.ts");
  return planBetweenStackFiles(stackFile(first, decoded(before), options), stackFile(second, decoded(after), options), {
    prune: options.prune,
    stack: options.stack,
  });
}

function stackFile({ name, readFile }: Source, text: string, { variables }: InputOptions): StackFileInput {
  return { text, options: { file: name, ...(variables && { variables }), ...(readFile && { readFile }) } };
}

/** The lines of a source, one at a time. They are sought among its bytes, so that a document is decoded in one go. */
class Lines {
  readonly #source: Source;
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** What has been read and not been taken, without its empty parts. */
  #pending: Buffer[] = [];
  #isDone = false;
  #isAtStart = true;

  constructor(source: Source) {
    this.#source = source;
    this.#chunks = source.chunks[Symbol.asyncIterator]();
  }

  /** The first line, which stays to be taken. */
  async peek(): Promise<Buffer> {
    const { parts } = await this.#untilLineFeed(longestDocument);
    return joined(parts);
  }

  /** The next line with its end; `undefined` after the last. */
  async next(): Promise<string | undefined> {
    const { parts, rest } = await this.#untilLineFeed(longestLine);
    if (parts.length === 0) return undefined;
    this.#pending = rest;
    const line = decoded(joined(parts), this.#isAtStart);
    this.#isAtStart = false;
    return line;
  }

  /** Everything that is left, including a first line that was only peeked at. */
  async rest(): Promise<Buffer> {
    let length = this.#pending.reduce((sum, part) => sum + part.length, 0);
    while (await this.#read(longestDocument - length)) length += this.#pending.at(-1)?.length ?? 0;
    return joined(this.#pending.splice(0));
  }

  /** The parts of a line, its end among them, and what follows. */
  async #untilLineFeed(limit: number): Promise<{ parts: readonly Buffer[]; rest: Buffer[] }> {
    let length = 0;
    for (let index = 0; ; index++) {
      if (index === this.#pending.length && !(await this.#read(limit - length)))
        return { parts: this.#pending, rest: [] };
      const part = this.#pending[index] ?? Buffer.alloc(0);
      const end = part.indexOf(lineFeed) + 1;
      length += part.length;
      if (end === 0) continue;
      const rest = end < part.length ? [part.subarray(end)] : [];
      return {
        parts: [...this.#pending.slice(0, index), part.subarray(0, end)],
        rest: [...rest, ...this.#pending.slice(index + 1)],
      };
    }
  }

  /** Adds the next chunk to what is pending, if there is one. */
  async #read(limit: number): Promise<boolean> {
    while (!this.#isDone) {
      const chunk = await this.#chunks.next();
      this.#isDone = chunk.done === true;
      if (chunk.done === true || chunk.value.length === 0) continue;
      const { buffer, byteOffset, length } = chunk.value;
      if (length > limit) throw notPreview(this.#source.name, "more than can be read at once");
      this.#pending.push(Buffer.from(buffer, byteOffset, length));
      return true;
    }
    return false;
  }
}

const lineFeed = 0x0a;

function joined(parts: readonly Buffer[]): Buffer {
  const [only = Buffer.alloc(0)] = parts;
  return parts.length === 1 ? only : Buffer.concat(parts);
}

/** Bytes as text, without a byte order mark at the start of it all. */
function decoded(bytes: Buffer, isAtStart = true): string {
  const text = bytes.toString("utf8");
  return isAtStart && text.startsWith("\ufeff") ? text.slice(1) : text;
}
