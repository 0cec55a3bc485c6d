import type { Stats } from "node:fs";
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { readRdbHeader } from "../../model/redis/files.ts";
import { chunksOf } from "../log/follower.ts";

/** More than any header of a snapshot has. */
const headBytes = 4096;

/** What is known of a whole file before it is sent. */
export interface FileFacts {
  readonly bytes: number;
  readonly sha256: string;
  /** A time that nothing in it is later than. */
  readonly last: number;
}

/** Reads a file that is whole and will not change: a base, or a snapshot. */
export async function readFileFacts(handle: FileHandle): Promise<FileFacts> {
  const { size } = await handle.stat();
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(handle, 0, size)) hash.update(chunk);
  return { bytes: size, sha256: hash.digest("hex"), last: await stateSeconds(handle) };
}

/** When the state in a file was that of the server, at the latest: a snapshot says it, and else the file is not older than it. */
export async function stateSeconds(handle: FileHandle): Promise<number> {
  const head = Buffer.alloc(headBytes);
  const { bytesRead } = await handle.read(head, 0, headBytes, 0);
  const createdAt = readRdbHeader(head.subarray(0, bytesRead))?.createdAt;
  return createdAt === undefined
    ? Math.ceil((await handle.stat()).mtimeMs / 1000)
    : Math.floor(Date.parse(createdAt) / 1000);
}

/** The whole file as a stream. */
export function fileContent(handle: FileHandle, bytes: number): Readable {
  return Readable.from(chunksOf(handle, 0, bytes), { objectMode: false });
}

/** Which file is at a path, and in which state: another text once it is replaced or written. */
export function identityFrom({ ino, mtimeMs, size }: Pick<Stats, "ino" | "mtimeMs" | "size">): string {
  return `${ino} ${mtimeMs} ${size}`;
}
