/** The one way to read a file that someone else may have put there: a regular one of a bounded size, or an error at once. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { byteWords } from "../../text/byte-size.ts";

/** More is no state, setting or program's file: a state with 10,000 resources is about 40 MB. */
const mostBytes = 256 * 1024 * 1024;

/** A FIFO is opened without waiting for its writer, and a terminal does not become that of this process. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What is at a path is not read: it has no end, is too large, or makes its reader wait. */
export class NoRegularFileError extends Error {
  override readonly name = "NoRegularFileError";
}

/**
 * Reads a regular file as text.
 *
 * @param limitBytes - how large it may be; default 256 MiB
 * @throws NoRegularFileError for a folder, FIFO, socket or device, and for a larger file; the system's error for what cannot be opened
 */
export function readRegularFile(path: string, limitBytes = mostBytes): string {
  const file = openRegular(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new NoRegularFileError(kindOf(stats));
    if (stats.size > limitBytes) throw tooLarge(limitBytes);
    return readDescriptor(file, limitBytes);
  } finally {
    closeSync(file);
  }
}

function openRegular(path: string): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    // A socket cannot be opened, and the system's word for that does not say so.
    const isSocket = error instanceof Error && "code" in error && error.code === "ENXIO";
    throw isSocket ? new NoRegularFileError("a socket or a device") : error;
  }
}

/**
 * Reads what is open already, such as standard input, to its end.
 *
 * @throws NoRegularFileError for what is larger
 */
function readDescriptor(file: number, limitBytes = mostBytes): string {
  const expectedBytes = fstatSync(file).size;
  // One byte more, so that the end of the file is noticed with it. Files in /proc claim to be empty.
  const pieceBytes = expectedBytes > 0 ? Math.min(expectedBytes + 1, mostPieceBytes) : 64 * 1024;
  const pieces: Buffer[] = [];
  // A file that claims to be small may grow, or be without an end.
  for (let size = 0; ;) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const bytesRead = readSync(file, piece);
    if (bytesRead === 0) return Buffer.concat(pieces).toString("utf8");
    size += bytesRead;
    if (size > limitBytes) throw tooLarge(limitBytes);
    pieces.push(piece.subarray(0, bytesRead));
  }
}

const mostPieceBytes = 1024 * 1024;

/**
 * Reads a file that was named on the command line: a regular one, or an open descriptor, as `<(…)` of a shell gives it.
 *
 * @throws NoRegularFileError for everything else, and for what is larger
 */
export function readNamedFile(file: string): string {
  if (file === "-") return readDescriptor(0);
  if (!isOpenDescriptor(file)) return readRegularFile(file);
  const descriptor = openSync(file, constants.O_RDONLY);
  try {
    return readDescriptor(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Refuses what is neither a regular file nor open already, before it is opened: that might have to wait.
 *
 * @throws NoRegularFileError
 */
export function requireNamedFile(file: string, stats: Stats): void {
  if (!stats.isFile() && !isOpenDescriptor(file)) throw new NoRegularFileError(kindOf(stats));
}

function isOpenDescriptor(file: string): boolean {
  return /^\/(?:dev\/stdin|dev\/fd\/\d+|proc\/self\/fd\/\d+)$/u.test(file);
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
