/** What a log holds at a place where it should hold a command. */
export interface LogMistake {
  readonly offset: number;
  readonly problem: string;
}

const byte = {
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  hash: 0x23,
  dollar: 0x24,
  star: 0x2a,
  zero: 0x30,
  nine: 0x39,
  e: 0x65,
  m: 0x6d,
  /** What makes a letter a small one. */
  lowerCase: 0x20,
} as const;

/** The server's own limit of a line that is no argument (aof.c, `loadSingleAppendOnlyFile`). */
const longestLine = 128;

/** Names of commands that begin and end a transaction have so many bytes: EXEC, MULTI. */
const [shortestName, longestName] = [4, 5];

/**
 * Goes through the bytes of an append-only log and knows after each chunk where the last whole command ended. The lengths before the
 * arguments tell where they end, never their content. From a MULTI on nothing is whole until its EXEC, because a server that finds a
 * transaction without its end goes back to its beginning.
 */
export class CommandScanner {
  /** The place after the last whole command or transaction. */
  boundary: number;
  /** The second that the commands before the boundary were last written in, as far as the log says it (`#TS:`). */
  seconds: number | undefined;
  /** What the log holds instead of a command. */
  mistake: LogMistake | undefined;
  /** Whether a command later than `until` was found: nothing after the boundary counts. */
  isPast = false;

  readonly #until: number;
  #at: number;
  #line: Buffer[] = [];
  #lineBytes = 0;
  #argumentsLeft = 0;
  #isFirstArgument = false;
  #payloadLeft = 0;
  #name: string | undefined;
  #isPayloadOver = false;
  #isInTransaction = false;
  #pendingSeconds: number | undefined;

  /**
   * @param offset - where the first byte lies in its file
   * @param seconds - the time of the commands before it
   * @param until - the last second whose commands count
   */
  constructor(offset: number, seconds?: number, until = Number.POSITIVE_INFINITY) {
    this.boundary = offset;
    this.#at = offset;
    this.seconds = seconds;
    this.#pendingSeconds = seconds;
    this.#until = until;
  }

  /** Takes the next bytes. After a mistake, or past the wanted time, they change nothing. */
  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.mistake === undefined && !this.isPast) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        if (this.#name !== undefined) this.#name += chunk.toString("latin1", at, at + taken);
        this.#payloadLeft -= taken;
        at += taken;
        this.#at += taken;
        continue;
      }
      if (this.#argumentsLeft === 0 && this.#lineBytes === 0 && !this.#isPayloadOver) {
        const whole = wholeCommandEnd(chunk, at);
        if (whole > at) {
          this.#at += whole - at;
          at = whole;
          if (!this.#isInTransaction) this.#whole(this.#at);
          continue;
        }
      }
      const found = chunk.indexOf(byte.lineFeed, at);
      const end = found < 0 ? chunk.length : found + 1;
      if (this.#lineBytes + end - at > longestLine) {
        this.#fail("a line that is longer than any of the log's");
        return;
      }
      if (found < 0) {
        this.#line.push(Buffer.from(chunk.subarray(at, end)));
        this.#lineBytes += end - at;
        return;
      }
      if (this.#lineBytes === 0) this.#takeLine(chunk, at, end, end - at);
      else {
        const line = Buffer.concat([...this.#line, chunk.subarray(at, end)]);
        this.#line = [];
        this.#lineBytes = 0;
        this.#takeLine(line, 0, line.length, line.length);
      }
      at = end;
    }
  }

  #takeLine(bytes: Buffer, start: number, end: number, length: number): void {
    if (bytes[end - 2] !== byte.carriageReturn || length < 2) {
      this.#fail("a line without its end");
      return;
    }
    if (this.#isPayloadOver) {
      if (length !== 2) {
        this.#fail("an argument that is longer than its length");
        return;
      }
      this.#isPayloadOver = false;
      this.#at += length;
      this.#endArgument();
      return;
    }
    const kind = bytes[start];
    if (this.#argumentsLeft > 0) {
      const size = kind === byte.dollar ? wholeNumber(bytes, start + 1, end - 2) : undefined;
      if (size === undefined) {
        this.#fail("something else than an argument");
        return;
      }
      this.#payloadLeft = size;
      this.#name = this.#isFirstArgument && size <= longestName ? "" : undefined;
      this.#isPayloadOver = true;
    } else if (kind === byte.hash) this.#takeAnnotation(bytes.toString("latin1", start, end), length);
    else {
      const count = kind === byte.star ? wholeNumber(bytes, start + 1, end - 2) : undefined;
      if (count === undefined || count === 0) {
        this.#fail("something else than a command");
        return;
      }
      this.#argumentsLeft = count;
      this.#isFirstArgument = true;
    }
    this.#at += length;
  }

  #takeAnnotation(line: string, length: number): void {
    const [, seconds] = /^#TS:(\d+)\r\n$/u.exec(line) ?? [];
    if (seconds !== undefined) {
      if (Number(seconds) > this.#until) {
        this.isPast = true;
        return;
      }
      // A clock that was set back does not make later commands earlier ones.
      this.#pendingSeconds = Math.max(Number(seconds), this.#pendingSeconds ?? 0);
    }
    if (!this.#isInTransaction) this.#whole(this.#at + length);
  }

  #endArgument(): void {
    if (this.#isFirstArgument) {
      const name = this.#name?.toUpperCase();
      if (name === "MULTI") this.#isInTransaction = true;
      else if (name === "EXEC") this.#isInTransaction = false;
      this.#isFirstArgument = false;
      this.#name = undefined;
    }
    this.#argumentsLeft -= 1;
    if (this.#argumentsLeft === 0 && !this.#isInTransaction) this.#whole(this.#at);
  }

  #whole(offset: number): void {
    this.boundary = offset;
    this.seconds = this.#pendingSeconds;
  }

  #fail(problem: string): void {
    this.mistake = { offset: this.#at, problem };
  }
}

/**
 * Where a command ends that lies in a chunk whole: nearly all do, and piece by piece they take five times as long.
 *
 * @returns the beginning where that is not so, or where it may begin or end a transaction
 */
function wholeCommandEnd(chunk: Buffer, start: number): number {
  const count = chunk[start] === byte.star ? numberOfLine(chunk, start + 1) : undefined;
  if (count === undefined || count === 0) return start;
  let at = lineEnd(chunk, start + 1);
  for (let argument = 0; argument < count; argument++) {
    const size = chunk[at] === byte.dollar ? numberOfLine(chunk, at + 1) : undefined;
    if (size === undefined) return start;
    at = lineEnd(chunk, at + 1);
    if (argument === 0 && size >= shortestName && size <= longestName && mayBeTransaction(chunk[at])) return start;
    at += size;
    if (chunk[at] !== byte.carriageReturn || chunk[at + 1] !== byte.lineFeed) return start;
    at += 2;
  }
  return at;
}

/** EXEC or MULTI. */
function mayBeTransaction(first: number | undefined): boolean {
  const letter = (first ?? 0) | byte.lowerCase;
  return letter === byte.e || letter === byte.m;
}

/** The number in the rest of a line; undefined where it is not whole, or none. */
function numberOfLine(bytes: Buffer, start: number): number | undefined {
  const end = lineEnd(bytes, start);
  return bytes[end - 1] === byte.lineFeed && bytes[end - 2] === byte.carriageReturn
    ? wholeNumber(bytes, start, end - 2)
    : undefined;
}

/** Where the digits and the line break after them end. */
function lineEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at + 2;
}

function isDigit(character: number | undefined): boolean {
  return character !== undefined && character >= byte.zero && character <= byte.nine;
}

/** The number that these bytes write; undefined when they write none, or one that no log has. */
function wholeNumber(bytes: Buffer, start: number, end: number): number | undefined {
  if (end <= start || end - start > 10) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] ?? 0;
    if (digit < byte.zero || digit > byte.nine) return undefined;
    value = value * 10 + digit - byte.zero;
  }
  return value;
}
