/** What Pulumi and the Docker provider really said to each other (test/data/recordings). */
import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../data/recordings/", import.meta.url);

/** One answered gRPC call. */
export interface RecordedCall {
  method: string;
  request: Record<string, unknown>;
  response: Record<string, unknown>;
}

/** A file of recorded calls, in the order in which they were answered. */
export interface Recording {
  /** `changes/args`, `lifecycle/01-up-create`. */
  name: string;
  calls: RecordedCall[];
}

/** Every recording of a preview or an operation. */
export function recordings(): Recording[] {
  const changes = readdirSync(new URL("changes/", folder)).map((name) => ({
    name: `changes/${name}`,
    file: `changes/${name}/calls.jsonl`,
  }));
  const lifecycle = readdirSync(new URL("lifecycle/", folder))
    .filter((file) => file.endsWith(".calls.jsonl"))
    .map((file) => ({ name: `lifecycle/${file.replace(".calls.jsonl", "")}`, file: `lifecycle/${file}` }));
  return [...changes, ...lifecycle].map(({ name, file }) => ({ name, calls: readCalls(file) }));
}

/** The calls of one recording. */
export function recordedCalls(name: string): RecordedCall[] {
  return readCalls(name.startsWith("changes/") ? `${name}/calls.jsonl` : `${name}.calls.jsonl`);
}

/** A recorded JSON document, such as `base-state.json`. */
export function recordedDocument(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, folder), "utf8"));
}

function readCalls(file: string): RecordedCall[] {
  return readFileSync(new URL(file, folder), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedCall); // recorded by one tool in one form
}
