/** A reply of Redis as it came, in RESP2 or RESP3; what is in it is bytes, for Redis knows no other texts. */
export type RedisReply =
  | { readonly kind: ScalarKind; readonly bytes: Buffer }
  | { readonly kind: "nil" }
  | { readonly kind: "boolean"; readonly isTrue: boolean }
  /** Of a map, keys and values by turns. */
  | { readonly kind: AggregateKind; readonly elements: readonly RedisReply[] };

type ScalarKind = "status" | "error" | "string" | "verbatim" | "integer" | "double" | "big number";
type AggregateKind = "array" | "map" | "set" | "push";

/** What the first byte of a reply says, by how what follows is read. */
const lines: Readonly<Record<string, ScalarKind>> = {
  "+": "status",
  "-": "error",
  ":": "integer",
  ",": "double",
  "(": "big number",
};
const bulks: Readonly<Record<string, ScalarKind>> = { $: "string", "!": "error", "=": "verbatim" };
const aggregates: Readonly<Record<string, AggregateKind>> = { "*": "array", "%": "map", "~": "set", ">": "push" };

/** What came is not the protocol of Redis. */
export class NotRedis extends Error {}

const lineEnd = "\r\n";

const types = new Set([...Object.keys(lines), ...Object.keys(bulks), ...Object.keys(aggregates), "_", "#", "|"]);

/** Deeper than any reply of Redis. */
const deepest = 64;

/** More than anyone reads; each takes about a hundred bytes of memory. */
const mostElements = 10_000_000;

/** What {@link readReply} has read. */
interface ReadReply {
  reply: RedisReply;
  /** Where the next one begins. */
  end: number;
}

/**
 * Reads the reply that begins at an offset.
 *
 * @param depth - how many other replies it is nested in; default 0
 * @returns undefined when not all of it has come yet
 * @throws NotRedis when it is not the protocol of Redis
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export function readReply(received: Buffer, start = 0, depth = 0): ReadReply | undefined {
  if (depth > deepest) throw new NotRedis(`more than ${deepest} replies within each other`);
  const lineStop = received.indexOf(lineEnd, start);
  const type = received.toString("latin1", start, start + 1);
  if (type !== "" && !types.has(type)) throw new NotRedis(`it begins with ${JSON.stringify(type)}`);
  if (lineStop < 0) return undefined;
  const line = received.subarray(start + 1, lineStop);
  const end = lineStop + lineEnd.length;
  const scalar = lines[type];
  if (scalar !== undefined) return { reply: { kind: scalar, bytes: line }, end };
  if (type === "_") return { reply: { kind: "nil" }, end };
  if (type === "#") return { reply: { kind: "boolean", isTrue: line.toString() === "t" }, end };
  const count = Number(line.toString());
  if (line.length > 20 || !Number.isInteger(count)) throw new NotRedis("a length that is no number");
  if (count > mostElements && !(type in bulks)) throw new NotRedis(`a list of ${count}`);
  const bulk = bulks[type];
  if (bulk !== undefined) return readBulk(received, end, count, bulk);
  if (type === "|") {
    // Attributes are about the reply that follows; nothing here asks for them.
    const attributes = readElements(received, end, count * 2, depth);
    return attributes && readReply(received, attributes.end, depth + 1);
  }
  const kind = aggregates[type];
  if (kind === undefined) throw new NotRedis(`it begins with ${JSON.stringify(type)}`);
  if (count < 0) return { reply: { kind: "nil" }, end };
  const read = readElements(received, end, kind === "map" ? count * 2 : count, depth);
  return read && { reply: { kind, elements: read.elements }, end: read.end };
}

/** A command as Redis takes it. */
export function writeCommand(words: readonly string[]): string {
  const bulk = (word: string) => `$${Buffer.byteLength(word)}${lineEnd}${word}${lineEnd}`;
  return `*${words.length}${lineEnd}${words.map(bulk).join("")}`;
}

function readBulk(received: Buffer, start: number, length: number, kind: ScalarKind): ReadReply | undefined {
  if (length < 0) return { reply: { kind: "nil" }, end: start };
  const stop = start + length;
  if (received.length < stop + lineEnd.length) return undefined;
  // A verbatim text begins with its format, such as `txt:`.
  const from = kind === "verbatim" ? start + 4 : start;
  return { reply: { kind, bytes: received.subarray(from, stop) }, end: stop + lineEnd.length };
}

function readElements(
  received: Buffer,
  start: number,
  count: number,
  depth: number,
): { elements: RedisReply[]; end: number } | undefined {
  const elements: RedisReply[] = [];
  let end = start;
  for (let index = 0; index < count; index++) {
    const read = readReply(received, end, depth + 1);
    if (read === undefined) return undefined;
    elements.push(read.reply);
    ({ end } = read);
  }
  return { elements, end };
}
