import { jsonOrUndefined } from "../../text/parse-json.ts";
import { isRecord } from "../fields/field.ts";
import { concernsData, typeOfUrn } from "./plan.ts";

/** A document of JSON; of a preview only the steps that can have to do with data. */
export interface ParsedDocument {
  /** `undefined` when it is no JSON. */
  readonly document: unknown;
  /** How many steps were left out that change nothing. */
  readonly unchanged: number;
}

/**
 * Parses a document. What `pulumi preview --json` prints is parsed step by step, and a step that cannot have to do with data is
 * dropped at once: they may be most of a preview, and to keep them until the end takes most of the time and the memory.
 */
export function parseDocument(bytes: Buffer): ParsedDocument {
  return parseByStep(bytes) ?? { document: parseJson(bytes), unchanged: 0 };
}

/**
 * Parses a preview that is written as Pulumi writes it (`PreviewDigest` of its pkg/display/json.go, indented), by the lines with
 * which its steps begin; JSON text contains no raw line feed.
 *
 * @returns `undefined` for any other text, be it JSON or not
 */
function parseByStep(bytes: Buffer): ParsedDocument | undefined {
  const indentation = /^\s*\{\n( {1,8}|\t)"/u.exec(bytes.toString("latin1", 0, 100))?.[1];
  if (indentation === undefined) return undefined;
  const starts = stepStarts(bytes, indentation);
  const [first, last] = [starts[0], starts.at(-1)];
  const end = last === undefined ? -1 : bytes.indexOf(`\n${indentation}]`, last);
  if (first === undefined || end < 0) return undefined;
  const document = parseJson(Buffer.concat([bytes.subarray(0, first), bytes.subarray(end)]));
  if (!isRecord(document) || !Array.isArray(document["steps"]) || document["steps"].length > 0) return undefined;
  const steps: unknown[] = [];
  let unchanged = 0;
  for (const [index, start] of starts.entries()) {
    const next = starts[index + 1];
    if (next !== undefined && bytes[next - 1] !== comma) return undefined;
    const step = parseJson(bytes.subarray(start, next === undefined ? end : next - 1));
    if (!isRecord(step) || typeof step["op"] !== "string" || typeof step["urn"] !== "string") return undefined;
    if (concernsData(typeOfUrn(step["urn"]))) steps.push(step);
    else if (step["op"] === "same") unchanged++;
  }
  return { document: { ...document, steps }, unchanged };
}

/** Where the steps begin, found by their URNs: their indentation alone takes four times as long to look for. */
function stepStarts(bytes: Buffer, indentation: string): readonly number[] {
  const opening = `\n${indentation.repeat(2)}{\n${indentation.repeat(3)}"op": "`;
  const urnLine = `\n${indentation.repeat(3)}"urn": "urn:pulumi:`;
  const starts: number[] = [];
  let from = 0;
  for (let urn = bytes.indexOf(urnLine); urn >= 0; urn = bytes.indexOf(urnLine, urn + urnLine.length)) {
    const start = bytes.subarray(from, urn).lastIndexOf(opening);
    if (start >= 0) starts.push(from + start);
    from = urn;
  }
  return starts;
}

const comma = 0x2c;

/** A mapping or a list of JSON; `undefined` for any other text. */
export function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  const json = text.startsWith("\ufeff") ? text.slice(1) : text;
  return /^\s*[[{]/u.test(json) ? jsonOrUndefined(json) : undefined;
}
