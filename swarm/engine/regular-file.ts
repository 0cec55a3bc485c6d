/** The one way to read a file that somebody else may have put there: a regular one of a bounded size, or an error at once. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { byteWords } from "../../text/byte-size.ts";

/** More is no state, setting or program's file: a state with 10,000 resources is about 40 MB. */
const mostBytes = 256 * 1024 * 1024;

/** A FIFO is opened without a wait for its writer, and a terminal does not become that of this process. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What is at a path and is no file that is read: it has no end, or makes its reader wait. */
export class NoRegularFileError extends Error {
  override readonly name = "NoRegularFileError";
}

/**
 * Reads a regular file as text.
 *
 * @param limitBytes - how large it may be; default 256 MiB
 * @throws NoRegularFileError for a folder, FIFO, socket or device, and for what is larger; the system's error for what cannot be opened
 */
export async function readRegularFile(path: string, limitBytes = mostBytes): Promise<string> {
  const file = await open(path, flags).catch((error: unknown) => {
    throw explained(error);
  });
  try {
    const stats = await file.stat();
    requireRegular(stats, limitBytes);
    const content = new Content(limitBytes, stats.size);
    for (;;) {
      const { bytesRead } = await file.read(content.next());
      if (bytesRead === 0) return content.text();
      content.take(bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** {@link readRegularFile} for where nothing else can go on meanwhile. */
export function readRegularFileSync(path: string, limitBytes = mostBytes): string {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch (error) {
    throw explained(error);
  }
  try {
    requireRegular(fstatSync(file), limitBytes);
    return readDescriptor(file, limitBytes);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads what is open already, such as standard input, to its end.
 *
 * @throws NoRegularFileError for what is larger
 */
function readDescriptor(file: number, limitBytes = mostBytes): string {
  const content = new Content(limitBytes, fstatSync(file).size);
  for (;;) {
    const bytesRead = readSync(file, content.next());
    if (bytesRead === 0) return content.text();
    content.take(bytesRead);
  }
}

/**
 * Reads a file that somebody has named on the command line: a regular one, or what is open already as `<(…)` of a shell gives it.
 *
 * @throws NoRegularFileError for everything else, and for what is larger
 */
export function readNamedFile(file: string): string {
  if (file === "-") return readDescriptor(0);
  if (!isOpenDescriptor(file)) return readRegularFileSync(file);
  const descriptor = openSync(file, constants.O_RDONLY);
  try {
    return readDescriptor(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Refuses what is neither a regular file nor open already, before it is opened: that could have to be waited for.
 *
 * @throws NoRegularFileError
 */
export function requireNamedFile(file: string, stats: Stats): void {
  if (!stats.isFile() && !isOpenDescriptor(file)) throw new NoRegularFileError(kindOf(stats));
}

function isOpenDescriptor(file: string): boolean {
  return /^\/(?:dev\/stdin|dev\/fd\/\d+|proc\/self\/fd\/\d+)$/u.test(file);
}

const mostPieceBytes = 1024 * 1024;

/** Collects a file's content and counts it: what says that it is small may grow, or be without an end. */
class Content {
  readonly #pieces: Buffer[] = [];
  readonly #limitBytes: number;
  readonly #pieceBytes: number;
  #size = 0;
  #piece = Buffer.alloc(0);

  constructor(limitBytes: number, expectedBytes: number) {
    this.#limitBytes = limitBytes;
    // One byte more, so that the end of a file is there with it. What lies in /proc says that it is empty.
    this.#pieceBytes = expectedBytes > 0 ? Math.min(expectedBytes + 1, mostPieceBytes) : 64 * 1024;
  }

  next(): Buffer {
    return (this.#piece = Buffer.allocUnsafe(this.#pieceBytes));
  }

  take(bytesRead: number): void {
    this.#size += bytesRead;
    if (this.#size > this.#limitBytes) throw tooLarge(this.#limitBytes);
    this.#pieces.push(this.#piece.subarray(0, bytesRead));
  }

  text(): string {
    return Buffer.concat(this.#pieces).toString("utf8");
  }
}

function requireRegular(stats: Stats, limitBytes: number): void {
  if (!stats.isFile()) throw new NoRegularFileError(kindOf(stats));
  if (stats.size > limitBytes) throw tooLarge(limitBytes);
}

/** What is no regular file, as it reads after "got". */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  if (stats.isSymbolicLink()) return "a symbolic link";
  return stats.isFile() ? "a file" : "a device";
}

function tooLarge(limitBytes: number): NoRegularFileError {
  return new NoRegularFileError(`more than ${byteWords(limitBytes)}`);
}

/** A socket cannot be opened, and the system's word for that says nothing. */
function explained(error: unknown): unknown {
  const isSocket = error instanceof Error && "code" in error && error.code === "ENXIO";
  return isSocket ? new NoRegularFileError("a socket or a device") : error;
}
