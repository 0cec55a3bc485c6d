/** Files that people name on the command line. */
import { closeSync, open, openSync, read, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import type { Source } from "../../inputs/read-plan.ts";
import {
  NoRegularFileError,
  readNamedFile,
  readRegularFile,
  requireNamedFile,
} from "../../swarm/engine/regular-file.ts";
import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Opens a file, or standard input where it is called `-`; it is being read from now on.
 *
 * @throws InputError, when it is read, where it cannot be
 */
export function openSource(file: string): Source {
  return {
    name: shownName(file),
    chunks: readAhead(readable(file === "-" ? process.stdin : piecesOf(file), file)),
    readFile: besides(file),
  };
}

/**
 * Checks that standard input, which can be read but once, is asked for once at the most.
 *
 * @param files - what the command line names, `-` for standard input
 * @throws InputError when several are standard input
 */
export function requireOneReader(files: readonly (string | undefined)[]): void {
  const count = files.filter((file) => file === "-").length;
  if (count < 2) return;
  throw new InputError({
    path: "command line",
    expected: "- (standard input) at most once",
    got: `it ${count} times`,
    fix: "Write the other input to a file",
  });
}

/** What a file is called in messages. */
export function shownName(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** More is no file of variables, no config and no stack file; Swarm takes configs of up to 1,000 KiB. */
const mostBesidesBytes = 16 * 1024 * 1024;

/** Reads what a file names, relative to it; `undefined` when that cannot be read, has no end, or is far too large. */
export function besides(file: string): (path: string) => string | undefined {
  const folder = file === "-" ? process.cwd() : dirname(file);
  return (path) => {
    const named = resolve(folder, path);
    try {
      return readRegularFile(named, mostBesidesBytes);
    } catch {
      return undefined;
    }
  };
}

/** Up to this size a file is read in one piece, which saves joining many; a larger stream of events needs no more memory than that. */
const wholeBytes = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

const openLater = promisify(open);
const readPiece = promisify(read);

async function* piecesOf(file: string): AsyncIterable<Uint8Array> {
  // Only what has no writer to wait for is opened at once, so that its first piece is read while other modules are loaded.
  const status = statSync(file);
  requireNamedFile(file, status);
  const fd = status.isFile() ? openSync(file, "r") : await openLater(file, "r");
  try {
    for (let length = status.size > 0 && status.size <= wholeBytes ? status.size : pieceBytes; ; length = pieceBytes) {
      const buffer = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await readPiece(fd, buffer, 0, length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    closeSync(fd);
  }
}

async function* readable(stream: AsyncIterable<Uint8Array>, file: string): AsyncIterable<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The same pieces; reading of the first starts at once. */
function readAhead<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const pieces = source[Symbol.asyncIterator]();
  const first = pieces.next();
  // Its error is reported where it is awaited.
  first.catch(() => undefined);
  let isFirst = true;
  const next = async (): Promise<IteratorResult<T>> => {
    if (!isFirst) return pieces.next();
    isFirst = false;
    return first;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

/**
 * Reads a file as text without its byte order mark, or standard input where it is called `-`.
 *
 * @throws InputError when it cannot be read
 */
export function readText(file: string): string {
  try {
    return readNamedFile(file).replace(/^\uFEFF/u, "");
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): InputError {
  return new InputError({
    path: shownName(file),
    expected: "a file that can be read",
    got: codeOf(error),
    fix: "Name an existing file that you may read",
  });
}

/**
 * Writes a file that an option names.
 *
 * @throws InputError when it cannot be written
 */
export function writeText(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new InputError({
      path: option,
      expected: "a file that can be written",
      got: `${showValue(file)} (${codeOf(error)})`,
      fix: "Name a file in an existing folder that you may write to",
    });
  }
}

function codeOf(error: unknown): string {
  if (error instanceof NoRegularFileError) return error.message;
  return error instanceof Error && "code" in error ? String(error.code) : "an error";
}
