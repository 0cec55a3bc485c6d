/**
 * The receiving side of a move: it writes what comes into a new volume, reads it again, and marks the volume as the store's when the
 * sender says that the data is this side's. Whatever ends it, the next start of it goes on.
 */
import type { FileHandle } from "node:fs/promises";
import { constants } from "node:fs";
import { chmod, lchown, lstat, lutimes, mkdir, open, readdir, rm, stat, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { arrivingFile, movedFile, storeMarker, volumeLockFile, wantedFile } from "../../model/service/start-guard.ts";
import { errorWords } from "../../text/error-text.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { ChannelError, listenForChannel, type Channel } from "./channel.ts";
import {
  blockBytes,
  senderMessageSchema,
  type FileAttributes,
  type ReceiverMessage,
  type SenderMessage,
} from "./messages.ts";
import type { MoveOrder } from "./order.ts";
import { isLocked, isOwnFile, readMark, readOwnFile, removeOwnFile, syncFolder, writeOwnFile } from "./store-files.ts";
import { partDigest, orGone, pathInVolume, listTree } from "./tree.ts";

/** How often this side says that it is there, and looks whether a server waits. */
const beatEveryMs = 1000;
const lookEveryMs = 50;

/** How long the last file of Swarm's may take to be seen: after the commit, a sender that has not heard of it asks again. */
const lingerMs = 3000;

/** What the receiver tells whoever has started it. */
export interface ReceiverNews {
  readonly onReady: () => void;
  readonly onProblem: (words: string) => void;
}

type SenderChannel = Channel<SenderMessage, ReceiverMessage>;

/**
 * Receives the data of a store until it is this volume's.
 *
 * @throws InputError for a volume that holds something else
 */
export async function receiveVolume(order: MoveOrder, key: Buffer, news: ReceiverNews): Promise<void> {
  const { folder } = order;
  const isCommitted = await openVolume(order);
  const arrival = new Arrival(order);
  if (!isCommitted) await arrival.tell();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let current: SenderChannel | undefined;
  const server = await listenForChannel(order.port, key, senderMessageSchema, (channel: SenderChannel) => {
    // A sender that has started anew; the one before is gone, or soon will be.
    current?.close();
    current = channel;
    const volume = new ReceivedVolume(folder, arrival);
    serve(channel, volume, order)
      .then((isDone) => {
        if (isDone) resolve(undefined);
      })
      .catch((error: unknown) => {
        if (error instanceof ChannelError) return;
        news.onProblem(errorWords(error));
      })
      .finally(() => {
        channel.close();
      });
  });
  news.onReady();
  await promise;
  await new Promise((done) => setTimeout(done, lingerMs));
  server.close();
}

/**
 * Looks at the volume, and says on it that data is coming.
 *
 * @returns whether the data is here already, all of it: then the sender alone has not heard of it
 */
async function openVolume({ folder, store, move }: MoveOrder): Promise<boolean> {
  const refusal = (got: string): InputError =>
    new InputError({
      path: "--volume",
      expected: "a new volume, or what an unfinished move of this store has left",
      got,
      fix: "Name another one; this one was not touched",
    });
  const mark = await readMark(folder);
  const arriving = await readOwnFile(folder, arrivingFile);
  if (mark !== undefined) {
    const [found = ""] = mark.text.split("\n");
    if (found !== store) throw refusal(`one with the data of ${printable(found)}`);
    if (arriving === undefined) return true;
    if (arriving.split("\n")[2] === move) {
      // It was ended between the mark and the end of the commit.
      await removeOwnFile(folder, arrivingFile);
      return true;
    }
    throw refusal(`one with data of ${printable(found)}`);
  }
  if (arriving !== undefined) {
    const [found = ""] = arriving.split("\n");
    if (found !== store) throw refusal(`one that the data of ${printable(found)} is being moved to`);
  } else {
    if ((await readOwnFile(folder, movedFile)) !== undefined)
      throw refusal("one with the data that was moved from here");
    const names = (await readdir(folder)).filter((name) => name !== "lost+found" && !isOwnFile(name));
    if (names.length > 0) throw refusal(`one that holds ${printable(names.slice(0, 3).join(", "))}`);
  }
  return false;
}

/** What is said on the volume while the data comes. */
class Arrival {
  readonly #order: MoveOrder;
  #number = 0;
  #told = 0;
  #toldAtMs = -Infinity;
  #telling: Promise<void> | undefined;
  #isOver = false;

  constructor(order: MoveOrder) {
    this.#order = order;
    // A new start must not look like one that has not moved.
    this.#number = Date.now() % 1_000_000_000;
  }

  /** Something has come. */
  heard(): void {
    this.#number += 1;
    if (performance.now() - this.#toldAtMs > beatEveryMs / 2) void this.tell().catch(() => undefined);
  }

  /** Writes how much has come, for the start script that waits. */
  async tell(): Promise<void> {
    if (this.#telling) return this.#telling;
    if (this.#isOver || this.#told === this.#number) return;
    this.#told = this.#number;
    this.#toldAtMs = performance.now();
    const { folder, store, move } = this.#order;
    this.#telling = writeOwnFile(folder, arrivingFile, `${store}\n${this.#number}\n${move}\n`, { isDurable: false });
    try {
      await this.#telling;
    } finally {
      this.#telling = undefined;
    }
  }

  /** Nothing is said any more. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#telling;
    await removeOwnFile(this.#order.folder, arrivingFile);
    await removeOwnFile(this.#order.folder, wantedFile);
  }
}

/** Whether a server waits for the data: its start script has said so, and holds the lock of the volume. */
async function isWanted(folder: string): Promise<boolean> {
  if ((await orGone(stat(join(folder, wantedFile)))) === undefined) return false;
  return (await orGone(stat(join(folder, volumeLockFile)))) !== undefined && isLocked(folder);
}

/** Answers a sender. @returns whether the data is here for good */
async function serve(channel: SenderChannel, volume: ReceivedVolume, order: MoveOrder): Promise<boolean> {
  const { folder } = order;
  let wanted = false;
  let saidAtMs = -Infinity;
  let isLooking = false;
  const look = async (): Promise<void> => {
    const before = wanted;
    wanted = await isWanted(folder);
    if (wanted === before && performance.now() - saidAtMs < beatEveryMs) return;
    saidAtMs = performance.now();
    await channel.send({ type: "beat", isWanted: wanted });
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  }, lookEveryMs);
  try {
    for (;;) {
      const { content, data } = await channel.next();
      switch (content.type) {
        case "hello": {
          if (content.move !== order.move || content.store !== order.store)
            throw new ChannelError("the sender is of another move");
          const isCommitted = (await readMark(folder)) !== undefined;
          const entries = isCommitted ? [] : await listTree(folder);
          await channel.send({
            type: "welcome",
            isCommitted,
            entries: entries.map(({ path, kind }) => ({ path, kind })),
          });
          if (isCommitted && content.isDecided) return true;
          if (isCommitted) throw new Error(`${folder} has a mark already, and the sender does not know of it`);
          break;
        }
        case "ask":
          await channel.send({ type: "digests", ...(await volume.digests(content.path)) });
          break;
        case "pass": {
          const found = await volume.finishPass();
          await channel.send({ type: "passed", ...found, isWanted: await isWanted(folder) });
          break;
        }
        case "commit":
          await volume.commit(content);
          await channel.send({ type: "committed" });
          return true;
        default:
          await volume.take(content, data);
      }
    }
  } catch (error) {
    if (!(error instanceof ChannelError)) {
      await channel.send({ type: "problem", words: errorWords(error) }).catch(() => undefined);
      // What was sent just before must arrive.
      await new Promise((done) => setTimeout(done, 200));
    }
    throw error;
  } finally {
    clearInterval(timer);
  }
}

type Content = Exclude<SenderMessage, { type: "hello" | "ask" | "pass" | "commit" }>;

/** What has come on one connection. */
class ReceivedVolume {
  readonly #folder: string;
  readonly #arrival: Arrival;
  /** The parts that were written since the last pass ended, and their digests. */
  readonly #written = new Map<string, Map<number, { length: number; sha256: string }>>();
  readonly #folders = new Map<string, FileAttributes>();
  /** The folders in which something was made or removed since then. */
  readonly #touched = new Set<string>();
  #file: { path: string; handle: FileHandle } | undefined;

  constructor(folder: string, arrival: Arrival) {
    this.#folder = folder;
    this.#arrival = arrival;
  }

  /** Does what the sender says. */
  async take(content: Content, data: Buffer): Promise<void> {
    if (content.type !== "beat") this.#arrival.heard();
    if ("path" in content) this.#touched.add(content.path.split("/").slice(0, -1).join("/"));
    switch (content.type) {
      case "beat":
      case "progress":
        return;
      case "remove":
        this.#written.delete(content.path);
        this.#folders.delete(content.path);
        await rm(pathInVolume(this.#folder, content.path), { recursive: true, force: true });
        return;
      case "folder":
        await this.#makeFolder(content.path, content.attributes);
        return;
      case "link":
        await this.#makeLink(content.path, content.target, content.attributes);
        return;
      case "file":
        await this.#openFile(content.path);
        return;
      case "block":
        await this.#writeBlock(content, data);
        return;
      case "end":
        await this.#endFile(content.size, content.attributes);
    }
  }

  async #makeFolder(path: string, attributes: FileAttributes): Promise<void> {
    const place = pathInVolume(this.#folder, path);
    const found = await orGone(lstat(place));
    if (found && !found.isDirectory()) await rm(place);
    if (!found?.isDirectory()) await mkdir(place);
    await lchown(place, attributes.uid, attributes.gid);
    await chmod(place, attributes.mode);
    this.#folders.set(path, attributes);
    this.#touched.add(path);
  }

  async #makeLink(path: string, target: string, attributes: FileAttributes): Promise<void> {
    const place = pathInVolume(this.#folder, path);
    await rm(place, { recursive: true, force: true });
    await symlink(Buffer.from(target, "latin1"), place);
    await lchown(place, attributes.uid, attributes.gid);
    const seconds = Number(attributes.mtimeNs) / 1e9;
    await lutimes(place, seconds, seconds);
  }

  async #openFile(path: string): Promise<void> {
    await this.#file?.handle.close();
    this.#file = undefined;
    const place = pathInVolume(this.#folder, path);
    const found = await orGone(lstat(place));
    if (found && !found.isFile()) await rm(place, { recursive: true });
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    this.#file = { path, handle: await open(place, flags, 0o600) };
    if (!this.#written.has(path)) this.#written.set(path, new Map());
  }

  async #writeBlock({ index, length, sha256 }: Extract<SenderMessage, { type: "block" }>, data: Buffer): Promise<void> {
    const { path, handle } = this.#openedFile();
    const isHole = data.length === 0;
    const bytes = isHole ? Buffer.alloc(length) : data;
    if (bytes.length !== length || partDigest(bytes) !== sha256)
      throw new Error(`${printable(path)}: a part came with another digest than it was sent with`);
    const { size } = await handle.stat();
    const from = index * blockBytes;
    // Zeros beyond the end become a hole when the file gets its length.
    if (!isHole || from < size) await handle.write(bytes, 0, bytes.length, from);
    this.#written.get(path)?.set(index, { length, sha256 });
  }

  async #endFile(size: number, attributes: FileAttributes): Promise<void> {
    const { path, handle } = this.#openedFile();
    if ((await handle.stat()).size !== size) await handle.truncate(size);
    await handle.chown(attributes.uid, attributes.gid);
    await handle.chmod(attributes.mode);
    await handle.close();
    this.#file = undefined;
    await setTime(pathInVolume(this.#folder, path), attributes);
    for (const index of this.#written.get(path)?.keys() ?? [])
      if (index * blockBytes >= size) this.#written.get(path)?.delete(index);
  }

  #openedFile(): { path: string; handle: FileHandle } {
    if (this.#file) return this.#file;
    throw new ChannelError("a part of a file came without its file");
  }

  /** The digests of a file's parts, as they are on this side; none where it is no file. */
  async digests(path: string): Promise<{ size: number; blocks: string[] }> {
    const place = pathInVolume(this.#folder, path);
    const found = await orGone(lstat(place));
    if (found?.isFile() !== true) return { size: 0, blocks: [] };
    const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const blocks: string[] = [];
      const buffer = Buffer.alloc(blockBytes);
      for (let from = 0; from < found.size; from += blockBytes) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(blockBytes, found.size - from), from);
        blocks.push(partDigest(buffer.subarray(0, bytesRead)));
        this.#arrival.heard();
      }
      return { size: found.size, blocks };
    } finally {
      await handle.close();
    }
  }

  /** Brings all of a pass to the disk, and reads it again. */
  async finishPass(): Promise<{ files: number; bytes: number }> {
    const buffer = Buffer.alloc(blockBytes);
    for (const [path, blocks] of this.#written) {
      const handle = await open(pathInVolume(this.#folder, path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        await handle.sync();
        for (const [index, { length, sha256 }] of blocks) {
          const { bytesRead } = await handle.read(buffer, 0, length, index * blockBytes);
          if (bytesRead !== length || partDigest(buffer.subarray(0, bytesRead)) !== sha256)
            throw new Error(`${printable(path)}: what was read again is not what was written`);
          this.#arrival.heard();
        }
      } finally {
        await handle.close();
      }
    }
    this.#written.clear();
    const entries = await listTree(this.#folder);
    for (const { path, kind } of entries.toReversed()) {
      if (kind !== "folder" || !this.#touched.has(path)) continue;
      await syncFolder(pathInVolume(this.#folder, path));
      const attributes = this.#folders.get(path);
      if (attributes) await setTime(pathInVolume(this.#folder, path), attributes);
    }
    this.#touched.clear();
    const files = entries.filter(({ kind }) => kind === "file");
    return { files: files.length, bytes: files.reduce((sum, { stats }) => sum + Number(stats.size), 0) };
  }

  /** Makes the data this volume's. */
  async commit({ mark, uid, gid }: Extract<SenderMessage, { type: "commit" }>): Promise<void> {
    await writeOwnFile(this.#folder, storeMarker, mark, { owner: { uid, gid } });
    await this.#arrival.end();
  }
}

async function setTime(place: Buffer, { mtimeNs }: FileAttributes): Promise<void> {
  const seconds = Number(mtimeNs) / 1e9;
  await utimes(place, seconds, seconds);
}
