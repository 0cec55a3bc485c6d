/**
 * The passes of a sender over a volume that a server writes: each sends what is other than what the receiver has. A file that has the
 * inode, the size and the times that it had when it was read is not read again; of others the parts whose digests differ are sent.
 */
import { constants, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { readLogManifest } from "../log/manifest.ts";
import { blockBytes, type SenderMessage } from "./messages.ts";
import { fileAttributes, partDigest, isZeros, orGone, pathInVolume, listTree, type TreeEntry } from "./tree.ts";

/** What the receiver has of something. */
interface Known {
  readonly kind: TreeEntry["kind"];
  /** How it was when it was sent; undefined where that must be found out. */
  readonly signature: string | undefined;
  /** Of a file the digests of its parts. */
  readonly blocks: readonly string[];
  readonly size: number;
  readonly inode: bigint | undefined;
}

/** What one pass has done. */
export interface PassResult {
  readonly files: number;
  readonly bytes: number;
  readonly sentBytes: number;
}

/** How a pass is made. */
export interface PassOptions {
  /** Whether a file that is only appended to is read from where it ended: not where a server has started since, which may have cut it. */
  readonly trustsAppends: boolean;
  /** Whether a server may go on writing afterwards. */
  readonly isFollowed: boolean;
  readonly onProgress: (doneBytes: number, allBytes: number) => void;
}

/** Where the sender's messages go. */
export interface PassTarget {
  send(message: SenderMessage, data?: Buffer): Promise<void>;
}

/** A change within so many nanoseconds after it was looked at may not show in the times of a file. */
const clockGrainNs = 50_000_000n;

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What the receiver has, as far as this side knows, and how it gets the rest. */
export class Passes {
  readonly #folder: string;
  readonly #target: PassTarget;
  readonly #known = new Map<string, Known>();

  constructor(folder: string, target: PassTarget) {
    this.#folder = folder;
    this.#target = target;
  }

  /** What the receiver has from before. */
  learn(
    path: string,
    kind: Known["kind"],
    file: { size: number; blocks: readonly string[] } = { size: 0, blocks: [] },
  ) {
    this.#known.set(path, { kind, signature: undefined, inode: undefined, ...file });
  }

  /** Sends what is new since the last pass. */
  async pass({ trustsAppends, isFollowed, onProgress }: PassOptions): Promise<PassResult> {
    const entries = await listTree(this.#folder);
    const kinds = new Map(entries.map(({ path, kind }) => [path, kind]));
    const gone = [...this.#known].filter(([path, { kind }]) => kinds.get(path) !== kind).map(([path]) => path);
    // The deepest first.
    for (const path of gone.sort().toReversed()) {
      await this.#target.send({ type: "remove", path });
      this.#known.delete(path);
    }
    const appended = trustsAppends ? await this.#appendedFiles(entries) : new Set<string>();
    const allBytes = entries.reduce((sum, { kind, stats }) => sum + (kind === "file" ? Number(stats.size) : 0), 0);
    let [files, bytes, sentBytes, doneBytes] = [0, 0, 0, 0];
    const onRead = (length: number): void => {
      doneBytes += length;
      onProgress(Math.min(doneBytes, allBytes), allBytes);
    };
    for (const entry of entries) {
      if (entry.kind === "file") {
        const sent = await this.#sendFile(entry, { isAppended: appended.has(entry.path), isFollowed }, onRead);
        if (sent === undefined) continue;
        files += 1;
        bytes += sent.size;
        sentBytes += sent.sentBytes;
      } else await this.#sendEntry(entry);
    }
    return { files, bytes, sentBytes };
  }

  async #sendEntry({ path, kind, stats, target = "" }: TreeEntry): Promise<void> {
    const attributes = fileAttributes(stats);
    const signature = JSON.stringify([attributes, target]);
    if (this.#known.get(path)?.signature === signature) return;
    await this.#target.send(
      kind === "link" ? { type: "link", path, target, attributes } : { type: "folder", path, attributes },
    );
    this.#known.set(path, { kind, signature, blocks: [], size: 0, inode: undefined });
  }

  async #sendFile(
    { path, stats }: TreeEntry,
    { isAppended, isFollowed }: { isAppended: boolean; isFollowed: boolean },
    onRead: (bytes: number) => void,
  ): Promise<{ size: number; sentBytes: number } | undefined> {
    const known = this.#known.get(path);
    if (known?.signature === signatureOf(stats)) {
      onRead(known.size);
      return { size: known.size, sentBytes: 0 };
    }
    const handle = await orGone(open(pathInVolume(this.#folder, path), readFlags));
    if (handle === undefined) return undefined;
    try {
      const lookedAtNs = BigInt(Date.now()) * 1_000_000n;
      // A write through a memory map changes a file's times only where the page was clean.
      if (isFollowed) await handle.sync();
      const before = await handle.stat({ bigint: true });
      if (!before.isFile()) return undefined;
      await this.#target.send({ type: "file", path });
      const size = Number(before.size);
      const blocks: string[] = [];
      let sentBytes = 0;
      let first = 0;
      if (isAppended && known && known.inode === before.ino && size >= known.size) {
        const continued = await continuedFrom(handle, known);
        blocks.push(...known.blocks.slice(0, continued));
        first = continued;
        onRead(continued * blockBytes);
      }
      for (let index = first; index * blockBytes < size; index++) {
        const bytes = await readBlock(handle, index, size);
        if (bytes.length === 0) break;
        const sha256 = partDigest(bytes);
        blocks.push(sha256);
        onRead(bytes.length);
        if (known?.blocks[index] === sha256) continue;
        sentBytes += bytes.length;
        await this.#target.send(
          { type: "block", index, length: bytes.length, sha256 },
          isZeros(bytes) ? undefined : bytes,
        );
      }
      const after = await handle.stat({ bigint: true });
      // A file that was cut meanwhile is read again by the next pass; until then it is as long as what was read.
      const readSize = Math.min(size, Number(after.size));
      await this.#target.send({ type: "end", size: readSize, attributes: fileAttributes(after) });
      const isSettled = signatureOf(before) === signatureOf(after) && after.ctimeNs + clockGrainNs < lookedAtNs;
      this.#known.set(path, {
        kind: "file",
        signature: isSettled ? signatureOf(after) : undefined,
        blocks: blocks.slice(0, Math.ceil(readSize / blockBytes)),
        size: readSize,
        inode: after.ino,
      });
      return { size: readSize, sentBytes };
    } finally {
      await handle.close();
    }
  }

  /** The files that are only appended to: the increments of an append-only log of Redis, by its manifest. */
  async #appendedFiles(entries: readonly TreeEntry[]): Promise<ReadonlySet<string>> {
    const appended = new Set<string>();
    for (const { path, kind } of entries) {
      if (kind !== "file" || !path.endsWith(".manifest")) continue;
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      for (const name of await incrementsIn(pathInVolume(this.#folder, path))) appended.add(folder + name);
    }
    return appended;
  }
}

function signatureOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(":");
}

async function readBlock(handle: FileHandle, index: number, size: number): Promise<Buffer> {
  const from = index * blockBytes;
  const buffer = Buffer.alloc(Math.min(blockBytes, size - from));
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** From which part on a file that is appended to must be read: from its last, which is still as it was; else from its beginning. */
async function continuedFrom(handle: FileHandle, { size, blocks }: Known): Promise<number> {
  const last = blocks.length - 1;
  if (last < 0) return 0;
  return partDigest(await readBlock(handle, last, size)) === blocks[last] ? last : 0;
}

async function incrementsIn(manifest: Buffer): Promise<string[]> {
  const handle = await orGone(open(manifest, readFlags));
  if (handle === undefined) return [];
  try {
    const { increments } = readLogManifest(await handle.readFile("utf8"));
    return increments.map(({ name }) => Buffer.from(name).toString("latin1"));
  } catch {
    // Some other file of that name: what it names is then read whole.
    return [];
  } finally {
    await handle.close();
  }
}
