/** Finds out what an input is, and makes a plan of it. */
import { InputError } from "../model/input-error.ts";
import { printable } from "../model/plain-text.ts";
import type { Executor, Plan } from "../model/planned-change.ts";
import type { Estate } from "../model/service-definition.ts";
import { EventCollector, isDigest, isEvent, notPreview, readDigest, readEventLine } from "./pulumi-preview.ts";
import { isState } from "./pulumi-resource.ts";
import type { StackFileInput } from "./stack-files.ts";

// What only some inputs need is loaded when it is needed: a preview of Pulumi needs no YAML.

/** A file, or standard input, as it is read. */
export interface Source {
  /** As it is called in errors. */
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
  /** Reads what a stack file names, relative to it. */
  readonly readFile?: (path: string) => string | undefined;
}

/** How an input is to be taken. */
export interface InputOptions {
  readonly executor: Executor;
  /** Variables that stack files use. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What runs now, to compare a single stack file with. */
  readonly live?: Estate;
  readonly prune: boolean;
  /** The stack's name in the swarm, for a stack file against what runs now. */
  readonly stack?: string;
}

/** More than any preview comes to; what is larger is refused before it fills the memory. */
const longestLine = 64 * 1024 * 1024;
const longestDocument = 512 * 1024 * 1024;

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
  const first = await lines.next(longestDocument);
  if (isEvent(parsed(first))) {
    const collector = new EventCollector(options.executor);
    for (let line: string | undefined = first, number = 1; line !== undefined; line = await lines.next(), number++) {
      if (line.trim() !== "") collector.add(readEventLine(line, `${source.name}:${number}`));
    }
    return collector.plan(source.name);
  }
  const text = await lines.rest(`${first ?? ""}\n`);
  if (text.trim() === "") throw notPreview(source.name, "nothing");
  const document = parsed(text);
  if (isDigest(document)) return readDigest(document, source.name, options.executor);
  if (isState(document)) {
    throw new InputError({
      path: printable(source.name),
      expected: "a preview, or two states to compare",
      got: "one state",
      fix: "Give the state of before and the state of after",
    });
  }
  if (options.live !== undefined && document === undefined) {
    const { planOverLiveSwarm } = await import("./stack-files.ts");
    return planOverLiveSwarm(options.live, stackFile(source, text, options), {
      prune: options.prune,
      stack: options.stack,
    });
  }
  throw notPreview(source.name, whatItIs(text, document));
}

async function readTwo(first: Source, second: Source, options: InputOptions): Promise<Plan> {
  const [before, after] = [await new Lines(first).rest(), await new Lines(second).rest()];
  const documents = [parsed(before), parsed(after)];
  if (documents.every(isState)) {
    const { planBetweenStates } = await import("./pulumi-states.ts");
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
      fix: "Give the one of before first, and then the one of after",
    });
  }
  const { planBetweenStackFiles } = await import("./stack-files.ts");
  return planBetweenStackFiles(stackFile(first, before, options), stackFile(second, after, options), {
    prune: options.prune,
  });
}

function stackFile({ name, readFile }: Source, text: string, { variables }: InputOptions): StackFileInput {
  return { text, options: { file: name, ...(variables && { variables }), ...(readFile && { readFile }) } };
}

function parsed(text: string | undefined): unknown {
  if (text === undefined || !/^\s*[[{]/u.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function whatItIs(text: string, document: unknown): string {
  if (document !== undefined) return "other JSON";
  return /^\s*[[{]/u.test(text) ? "JSON that is cut off or broken" : "text that is no JSON";
}

/** The lines of a source, one at a time. */
class Lines {
  readonly #source: Source;
  readonly #chunks: AsyncIterator<string>;
  #pending = "";
  #isDone = false;
  #isStarted = false;

  constructor(source: Source) {
    this.#source = source;
    this.#chunks = source.chunks[Symbol.asyncIterator]();
  }

  /** The next line without its end; `undefined` after the last. */
  async next(limit = longestLine): Promise<string | undefined> {
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end >= 0) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        return line;
      }
      if (this.#isDone) {
        const line = this.#pending;
        this.#pending = "";
        return line === "" ? undefined : line;
      }
      await this.#read(limit);
    }
  }

  /** All that is left, behind what was read before. */
  async rest(before = ""): Promise<string> {
    const parts = [before, this.#pending];
    let length = before.length + this.#pending.length;
    while (!this.#isDone) {
      this.#pending = "";
      await this.#read(longestDocument - length);
      parts.push(this.#pending);
      length += this.#pending.length;
    }
    this.#pending = "";
    return parts.join("");
  }

  async #read(limit: number): Promise<void> {
    const chunk = await this.#chunks.next();
    this.#isDone = chunk.done === true;
    if (chunk.done === true) return;
    const text = this.#isStarted ? chunk.value : chunk.value.replace(/^\ufeff/u, "");
    this.#isStarted = true;
    if (this.#pending.length + text.length > limit) {
      throw notPreview(this.#source.name, "more than can be read at once");
    }
    this.#pending += text;
  }
}
