import type { RedisReply } from "./protocol.ts";

type Aggregate = Extract<RedisReply, { elements: unknown }>;

const emptyWords = { array: "(empty array)", map: "(empty hash)", set: "(empty set)", push: "(empty push)" } as const;

/** Commands with subcommands whose one long text is for people to read. */
const textSubcommands: Readonly<Record<string, readonly string[]>> = {
  memory: ["malloc-stats", "doctor"],
  cluster: ["nodes", "info"],
  client: ["list", "info"],
  latency: ["graph", "doctor"],
  debug: ["htstats", "htstats-key", "client-eviction"],
};

/**
 * How redis-cli shows a reply on a terminal: quoted strings, `(integer)`, `(nil)`, numbered lists.
 *
 * @param words - the command, for some have texts that are shown as they are
 * @see https://github.com/redis/redis/blob/7.0.15/src/redis-cli.c (`cliFormatReplyTTY`, `cliSendCommand`)
 */
export function formatReply(words: readonly string[], reply: RedisReply): string {
  const [command = "", subcommand = ""] = words.map((word) => word.toLowerCase());
  const isText = ["info", "lolwut"].includes(command) || textSubcommands[command]?.includes(subcommand) === true;
  if (isText && (reply.kind === "string" || reply.kind === "verbatim")) return reply.bytes.toString().trimEnd();
  return formatted(reply, "");
}

/**
 * How redis-cli writes a reply into a pipe: bare strings, one element a line; but nil still differs from an empty string.
 *
 * @see https://github.com/redis/redis/blob/7.0.15/src/redis-cli.c (`cliFormatReplyRaw`)
 */
export function rawReply(reply: RedisReply): Buffer {
  switch (reply.kind) {
    case "nil":
      return Buffer.from("(nil)");
    case "boolean":
      return Buffer.from(reply.isTrue ? "(true)" : "(false)");
    case "array":
    case "set":
    case "push":
      return joined(reply.elements.map(rawReply), "\n");
    case "map":
      return joined(
        pairs(reply).map((pair) => joined(pair.map(rawReply), " ")),
        "\n",
      );
    case "error":
      return Buffer.concat([reply.bytes, Buffer.from("\n")]);
    default:
      return reply.bytes;
  }
}

function formatted(reply: RedisReply, indent: string): string {
  switch (reply.kind) {
    case "nil":
      return "(nil)";
    case "boolean":
      return reply.isTrue ? "(true)" : "(false)";
    case "error":
      return `(error) ${reply.bytes.toString()}`;
    case "status":
    case "verbatim":
    case "big number":
      return reply.bytes.toString();
    case "integer":
    case "double":
      return `(${reply.kind}) ${reply.bytes.toString()}`;
    case "string":
      return quoted(reply.bytes);
    default:
      return reply.elements.length === 0 ? emptyWords[reply.kind] : numbered(reply, indent);
  }
}

/** A line for each element, its number in front; of a map for each key with its value. */
function numbered(reply: Aggregate, indent: string): string {
  const entries = reply.kind === "map" ? pairs(reply) : reply.elements.map((element) => [element]);
  const width = String(entries.length).length;
  const deeper = indent + " ".repeat(width + 2);
  const mark = { array: ")", push: ")", set: "~", map: "#" }[reply.kind];
  const lines = entries.map(([first, value], index) => {
    const number = `${index === 0 ? "" : indent}${String(index + 1).padStart(width)}${mark} `;
    const shown = first === undefined ? "" : formatted(first, deeper);
    if (value === undefined) return number + shown;
    return `${number}${shown} => ${isSeveralLines(value) ? `\n${deeper}` : ""}${formatted(value, deeper)}`;
  });
  return lines.join("\n");
}

function isSeveralLines(reply: RedisReply): boolean {
  if (!("elements" in reply)) return false;
  const entries = reply.kind === "map" ? pairs(reply) : reply.elements.map((element) => [element]);
  const value = entries[0]?.at(-1);
  return entries.length > 1 || (value !== undefined && isSeveralLines(value));
}

function pairs({ elements }: { elements: readonly RedisReply[] }): (readonly RedisReply[])[] {
  return elements.flatMap((_, index) => (index % 2 === 0 ? [elements.slice(index, index + 2)] : []));
}

function joined(parts: readonly Buffer[], separator: string): Buffer {
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(separator), part])));
}

/** Quotes bytes as Redis does (sds.c, `sdscatrepr`). */
function quoted(bytes: Buffer): string {
  const escapes = new Map([
    [0x22, '\\"'],
    [0x5c, "\\\\"],
    [0x0a, "\\n"],
    [0x0d, "\\r"],
    [0x09, "\\t"],
    [0x07, "\\a"],
    [0x08, "\\b"],
  ]);
  const characters = [...bytes].map((byte) => {
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    return escapes.get(byte) ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`);
  });
  return `"${characters.join("")}"`;
}
