/** A reply as ioredis gives it with buffers for strings. */
export type RedisReply = null | number | bigint | boolean | Buffer | string | RedisReply[];

/** Status replies look like any string to the client: these are the words that Redis uses for them. */
const statusReply = /^(OK|PONG|QUEUED|RESET|CONTINUE|Background .*)$/;

/** Commands whose one long text redis-cli prints as it is (redis-cli.c, `cliSendCommand`). */
const textCommands = new Set(["info", "lolwut", "memory", "cluster", "client", "latency", "debug"]);

/** How redis-cli shows a reply on a terminal: quoted strings, `(integer)`, `(nil)`, numbered lists. */
export function formatReply(command: string, reply: RedisReply): string {
  if (Buffer.isBuffer(reply) && textCommands.has(command.toLowerCase())) return reply.toString().trimEnd();
  return formatted(reply, "");
}

/** How redis-cli writes a reply into a pipe: bare strings, one element a line; nil is still told from an empty string. */
export function rawReply(reply: RedisReply): Buffer {
  if (reply === null) return Buffer.from("(nil)");
  if (Buffer.isBuffer(reply)) return reply;
  if (Array.isArray(reply)) {
    const lineBreak = Buffer.from("\n");
    return Buffer.concat(
      reply.flatMap((element, index) => (index === 0 ? [rawReply(element)] : [lineBreak, rawReply(element)])),
    );
  }
  return Buffer.from(String(reply));
}

function formatted(reply: RedisReply, indent: string): string {
  if (reply === null) return "(nil)";
  if (typeof reply === "number" || typeof reply === "bigint") return `(integer) ${reply}`;
  if (typeof reply === "boolean") return reply ? "(true)" : "(false)";
  if (Array.isArray(reply)) {
    if (reply.length === 0) return "(empty array)";
    const width = String(reply.length).length;
    return reply
      .map((element, index) => {
        const number = `${String(index + 1).padStart(width)}) `;
        return (index === 0 ? "" : indent) + number + formatted(element, indent + " ".repeat(number.length));
      })
      .join("\n");
  }
  const bytes = Buffer.from(reply);
  const text = bytes.toString("latin1");
  return statusReply.test(text) ? text : quoted(bytes);
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
