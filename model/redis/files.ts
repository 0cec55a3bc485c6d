/**
 * What the first bytes of Redis files say about them. Only headers are read; to know everything in a file, Redis is asked
 * (live/rescue/redis-trial.ts).
 */

/** The header of a snapshot (RDB file). */
export interface RdbHeader {
  /** Version of the server that wrote it; undefined if not stated. */
  readonly serverVersion: string | undefined;
  /** When it was written, in ISO 8601. */
  readonly createdAt: string | undefined;
  /** The number of keys in the first database that has any; undefined if not stated (Redis before 4, or a header that is too long). */
  readonly firstDatabaseKeys: number | undefined;
}

/** Opcodes that may precede the first key (https://github.com/redis/redis/blob/7.2/src/rdb.h). */
const opcodes = { slotInfo: 0xf4, function2: 0xf5, aux: 0xfa, resizeDb: 0xfb, selectDb: 0xfe, end: 0xff } as const;

/**
 * Reads the header of an RDB file.
 *
 * @param head - the beginning of the file; 4 KiB is plenty
 * @returns undefined if it is not an RDB file
 */
export function readRdbHeader(head: Uint8Array): RdbHeader | undefined {
  if (!/^(?:REDIS\d{4}|VALKEY\d{3})/.test(Buffer.from(head.subarray(0, 9)).toString("latin1"))) return undefined;
  const reader = new RdbReader(head, 9);
  const notes = new Map<string, string>();
  let firstDatabaseKeys: number | undefined;
  try {
    for (let opcode = reader.byte(); firstDatabaseKeys === undefined; opcode = reader.byte()) {
      if (opcode === opcodes.aux) notes.set(reader.text(), reader.text());
      else if (opcode === opcodes.function2) reader.text();
      else if (opcode === opcodes.selectDb) reader.length();
      else if (opcode === opcodes.slotInfo) for (let field = 0; field < 3; field++) reader.length();
      else if (opcode === opcodes.resizeDb) firstDatabaseKeys = reader.length();
      else if (opcode === opcodes.end) firstDatabaseKeys = 0;
      else break;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // The header is longer than what was read.
  }
  const createdSeconds = Number(notes.get("ctime"));
  return {
    serverVersion: notes.get("redis-ver") ?? notes.get("valkey-ver"),
    createdAt: createdSeconds > 0 ? new Date(createdSeconds * 1000).toISOString() : undefined,
    firstDatabaseKeys,
  };
}

/** Reads lengths and strings in RDB's encoding; throws a RangeError at the end of the bytes. */
class RdbReader {
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  length(): number {
    const first = this.byte();
    if (first >> 6 === 0) return first;
    if (first >> 6 === 1) return ((first & 0x3f) << 8) | this.byte();
    if (first === 0x80) return this.#view.getUint32(this.#skip(4));
    if (first === 0x81) return Number(this.#view.getBigUint64(this.#skip(8)));
    throw new RangeError("no length");
  }

  text(): string {
    const first = this.#view.getUint8(this.#at);
    if (first === 0xc0) return String(this.#view.getInt8(this.#skip(2) + 1));
    if (first === 0xc1) return String(this.#view.getInt16(this.#skip(3) + 1, true));
    if (first === 0xc2) return String(this.#view.getInt32(this.#skip(5) + 1, true));
    if (first === 0xc3) {
      this.#skip(1);
      const compressedBytes = this.length();
      this.length();
      this.#skip(compressedBytes);
      return "";
    }
    const length = this.length();
    const start = this.#skip(length);
    return Buffer.from(this.#view.buffer, this.#view.byteOffset + start, length).toString("utf8");
  }

  /** Advances by `count` bytes, which must exist, and returns where they begin. */
  #skip(count: number): number {
    const start = this.#at;
    this.#at += count;
    if (this.#at > this.#view.byteLength) throw new RangeError("the end of the bytes");
    return start;
  }
}

/** The files that an append-only manifest names: at most one base, and what was appended since. */
export interface AofManifest {
  readonly base: string | undefined;
  readonly increments: readonly string[];
}

/**
 * Reads the manifest of a multi-part append-only file (Redis 7 and newer), lines such as
 * `file appendonly.aof.1.base.rdb seq 1 type b`.
 *
 * @see https://github.com/redis/redis/blob/7.0/src/aof.c (`aofLoadManifestFromFile`)
 */
export function readAofManifest(text: string): AofManifest {
  const files = Array.from(
    text.matchAll(/^file (?:"(?<quoted>[^"]*)"|(?<bare>\S+)) seq \d+ type (?<type>[bhi])/gm),
    (match) => ({
      name: match.groups?.["quoted"] ?? match.groups?.["bare"] ?? "",
      type: match.groups?.["type"],
    }),
  );
  return {
    base: files.find(({ type }) => type === "b")?.name,
    increments: files.filter(({ type }) => type === "i").map(({ name }) => name),
  };
}

/** Whether these are the first bytes of appended commands: a protocol array or a timestamp. */
export function isAppendedCommands(head: Uint8Array): boolean {
  return /^(?:\*\d+\r\n\$\d+\r\n|#TS:\d+\r\n)/.test(Buffer.from(head.subarray(0, 64)).toString("latin1"));
}
