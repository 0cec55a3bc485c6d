import { createHash, type Hash } from "node:crypto";
import { open, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { CanaryFinder } from "../canary/finder.ts";
import type { LogPiece, LogPosition } from "../repository/tags.ts";
import { SituationError } from "../../text/situation-error.ts";
import { CommandScanner } from "./commands.ts";
import { findLogManifest, type LogManifest } from "./manifest.ts";

/** The folder of the log in the server's folder (`appenddirname`). */
export const logFolder = "appendonlydir";

/** What is read at once. */
const chunkBytes = 1024 ** 2;

/** A piece ends after the command that reaches this size. */
const longestPieceBytes = 64 * chunkBytes;

/** So many of the bytes that were sent last are looked at again before what follows them is sent. */
const rememberedBytes = 256;

/** So old may the log's time be that was in force at the last reading: it has whole seconds, and the server sets its clock between commands. */
const clockToleranceSeconds = 2;

/** Why the log that is there is not the one that was followed: what comes next is a new one. */
export class LogBrokenError extends SituationError {
  constructor(what: string) {
    super({ what, fix: "A new generation begins with a base of its own" });
  }
}

/** A piece that was found in the log. */
export type FoundPiece = Pick<
  LogPiece,
  "seq" | "from" | "to" | "sha256" | "running" | "first" | "last" | "times" | "after" | "canary"
>;

/** A base that is there, with its descriptor: the file may be removed meanwhile. */
export interface FoundBase {
  readonly seq: number;
  /** The increment at whose beginning it is the state. */
  readonly log: number;
  readonly handle: FileHandle;
}

/** From where a log is followed on, and how to know that it is the same. */
export type ResumePoint = Pick<LogPiece, "seq" | "to" | "running" | "last" | "times" | "deliveredSeconds">;

interface Place extends LogPosition {
  readonly after: LogPosition | undefined;
}

/** Reads an append-only log from open descriptors, as one line from increment to increment. */
export class LogFollower {
  readonly #folder: string;
  readonly #isCanary: (canary: number) => boolean;
  readonly #increments = new Map<number, FileHandle>();
  #manifest: LogManifest = { base: undefined, increments: [] };
  #base: FoundBase | undefined;
  #heldBase: FoundBase | undefined;
  #name = "";
  #mark: string | undefined;
  #place: Place | undefined;
  #running: Hash = createHash("sha256");
  #remembered: Buffer = Buffer.alloc(0);
  #clock: { readonly seconds: number; readonly times: "log" | "read" } | undefined;
  /** When the log was last read to its end. */
  #readToEndSeconds = 0;
  #found: { readonly piece: FoundPiece; readonly running: Hash; readonly isLast: boolean } | undefined;
  #unfinishedBytes = 0;
  #looking: Promise<void> | undefined;

  /** @param isCanary - whether a canary of that time was written and is not found yet */
  constructor(dataFolder: string, isCanary: (canary: number) => boolean = () => false) {
    this.#isCanary = isCanary;
    this.#folder = join(dataFolder, logFolder);
  }

  /** The folder of the log, to be watched. */
  get folder(): string {
    return this.#folder;
  }

  /** The newest base that was seen. */
  get base(): FoundBase | undefined {
    return this.#base;
  }

  /** How many bytes there are after the last whole command, as long as nothing whole has followed. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** Whether increments are open that were read to their end. */
  get hasFinished(): boolean {
    return [...this.#increments.keys()].some((seq) => seq < (this.#place?.seq ?? 0));
  }

  /** The name of the log (`appendfilename`). */
  get name(): string {
    return this.#name;
  }

  /** Where the next piece begins. */
  get place(): LogPosition | undefined {
    return this.#place && { seq: this.#place.seq, offset: this.#place.offset };
  }

  /**
   * Reads the manifest and opens what it names. Whatever is open stays readable when the server removes it after a rewrite.
   *
   * @throws SituationError when there is no log
   */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Looks only when the manifest is another one. */
  async glance(): Promise<void> {
    if ((await this.#manifestMark()) !== this.#mark) await this.look();
  }

  /** The server renames a new manifest into its place. */
  async #manifestMark(): Promise<string | undefined> {
    const there = await stat(join(this.#folder, `${this.#name}.manifest`)).catch(() => undefined);
    return there && `${there.ino} ${there.ctimeMs}`;
  }

  async #look(): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const mark = await this.#manifestMark();
      const { name, manifest } = await findLogManifest(this.#folder);
      this.#name = name;
      if (await this.#openAll(manifest)) {
        this.#manifest = manifest;
        this.#mark = mark;
        return;
      }
    }
    throw new SituationError({
      what: `The files that the manifest in ${this.#folder} names are not there`,
      fix: "Check whether the server starts with them",
    });
  }

  /** @returns false when a file is gone already, because the manifest has changed since */
  async #openAll({ base, increments }: LogManifest): Promise<boolean> {
    const least = this.#place?.seq ?? 0;
    for (const { name, seq } of increments) {
      if (seq < least || this.#increments.has(seq)) continue;
      const handle = await this.#open(name);
      if (!handle) return false;
      this.#increments.set(seq, handle);
    }
    const [first] = increments;
    if (!base || !first || this.#base?.seq === base.seq) return true;
    const handle = await this.#open(base.name);
    if (!handle) return false;
    const previous = this.#base;
    this.#base = { seq: base.seq, log: first.seq, handle };
    if (previous !== this.#heldBase) await previous?.handle.close();
    return true;
  }

  async #open(name: string): Promise<FileHandle | undefined> {
    return open(join(this.#folder, name), "r").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  /** The newest base that was seen, which stays open until {@link releaseBase}. */
  holdBase(): FoundBase | undefined {
    this.#heldBase = this.#base;
    return this.#base;
  }

  /** Lets go of the base that was held. */
  async releaseBase(): Promise<void> {
    const held = this.#heldBase;
    this.#heldBase = undefined;
    if (held !== this.#base) await held?.handle.close();
  }

  /**
   * Begins at the newest base.
   *
   * @param clockSeconds - the time of that base
   */
  begin(clockSeconds: number): void {
    if (!this.#base)
      throw new SituationError({
        what: `The manifest in ${this.#folder} names no base, or no increment`,
        fix: "Check whether the server runs with `appendonly yes`",
      });
    this.#moveTo({ seq: this.#base.log, offset: 0, after: undefined });
    this.#clock = { seconds: clockSeconds, times: "read" };
    this.#readToEndSeconds = 0;
  }

  /**
   * Goes on where a former run has stopped.
   *
   * @returns false when the log that is there is not the one that was followed
   */
  async resume({ seq, to, running, last, times, deliveredSeconds }: ResumePoint): Promise<boolean> {
    const handle = this.#increments.get(seq);
    if (!handle || (await handle.stat()).size < to) return false;
    const hash = createHash("sha256");
    for await (const chunk of chunksOf(handle, 0, to)) hash.update(chunk);
    if (hash.copy().digest("hex") !== running) return false;
    this.#moveTo({ seq, offset: to, after: undefined });
    this.#running = hash;
    this.#remembered = await bytesBefore(handle, to);
    this.#clock = { seconds: last, times };
    this.#readToEndSeconds = deliveredSeconds - clockToleranceSeconds;
    return true;
  }

  #moveTo(place: Place): void {
    this.#place = place;
    this.#running = createHash("sha256");
    this.#remembered = Buffer.alloc(0);
  }

  /**
   * The next piece of whole commands, and whether it reaches to what was there when it was read.
   *
   * @returns undefined when there is nothing new
   * @throws LogBrokenError when what is there does not continue what was read before
   */
  async next(nowSeconds: number): Promise<{ piece: FoundPiece; isLast: boolean } | undefined> {
    await this.look();
    for (;;) {
      const place = this.#place;
      if (!place) throw new Error("begin or resume first");
      const handle = this.#increments.get(place.seq);
      if (!handle) throw new LogBrokenError(`Increment ${place.seq} of the log is gone`);
      // The server writes to the last one alone: this one is at its end when the manifest names a later one, and was read after that.
      const isFinished = this.#manifest.increments.some(({ seq }) => seq > place.seq);
      const bytes = (await handle.stat()).size;
      await this.#requireSame(place, handle, bytes, isFinished);
      const found = await this.#scan(place, handle, bytes, nowSeconds);
      this.#unfinishedBytes = 0;
      if (found) {
        this.#found = { ...found, isLast: found.isAll && !isFinished };
        return this.#found;
      }
      if (!isFinished) {
        this.#readToEndSeconds = nowSeconds;
        this.#unfinishedBytes = bytes - place.offset;
        return undefined;
      }
      if (bytes > place.offset)
        throw new LogBrokenError(`Increment ${place.seq} of the log ends within a command, at byte ${place.offset}`);
      if (!this.#increments.has(place.seq + 1))
        throw new LogBrokenError(`Increment ${place.seq + 1} of the log is gone`);
      // Nothing was written to some: what follows them follows what was before them.
      const after = place.offset === 0 && place.after ? place.after : { seq: place.seq, offset: place.offset };
      this.#moveTo({ seq: place.seq + 1, offset: 0, after });
    }
  }

  async #requireSame({ seq, offset }: Place, handle: FileHandle, bytes: number, isFinished: boolean): Promise<void> {
    const words = `Increment ${seq} of the log`;
    if (bytes < offset) throw new LogBrokenError(`${words} has become shorter than what was sent of it`);
    const before = await bytesBefore(handle, offset);
    if (!before.equals(this.#remembered)) throw new LogBrokenError(`${words} was rewritten`);
    const listed = this.#manifest.increments.find((file) => file.seq === seq);
    if (isFinished || !listed) return;
    const [there, opened] = await Promise.all([
      stat(join(this.#folder, listed.name)).catch(() => undefined),
      handle.stat(),
    ]);
    if (there && (there.ino !== opened.ino || there.dev !== opened.dev))
      throw new LogBrokenError(`${words} is another file`);
  }

  async #scan(
    place: Place,
    handle: FileHandle,
    bytes: number,
    nowSeconds: number,
  ): Promise<{ piece: FoundPiece; running: Hash; isAll: boolean } | undefined> {
    const scanner = new CommandScanner(place.offset);
    let scanned = place.offset;
    for await (const chunk of chunksOf(handle, place.offset, bytes)) {
      scanner.feed(chunk);
      scanned += chunk.length;
      if (scanner.mistake || scanner.boundary - place.offset >= longestPieceBytes) break;
    }
    const { boundary, mistake } = scanner;
    if (boundary === place.offset) {
      if (!mistake) return undefined;
      throw new SituationError({
        what: `Increment ${place.seq} of the log has ${mistake.problem} at byte ${mistake.offset}`,
        fix: "Check the log with `redis-check-aof`: what follows cannot be backed up",
      });
    }
    const own = createHash("sha256");
    const running = this.#running.copy();
    const canaries = new CanaryFinder(this.#isCanary);
    for await (const chunk of chunksOf(handle, place.offset, boundary)) {
      own.update(chunk);
      running.update(chunk);
      canaries.feed(chunk);
    }
    const before = this.#clock?.seconds ?? nowSeconds;
    const isTimed = this.#isTimed(scanner.seconds);
    const piece: FoundPiece = {
      ...{ seq: place.seq, from: place.offset, to: boundary, after: place.offset === 0 ? place.after : undefined },
      ...{ sha256: own.digest("hex"), running: running.copy().digest("hex") },
      first: Math.floor(before),
      last: Math.floor(isTimed ? Math.max(scanner.seconds ?? before, before) : nowSeconds),
      times: isTimed ? "log" : "read",
      canary: canaries.newest,
    };
    return { piece, running, isAll: scanned === bytes };
  }

  /**
   * Whether the log says the times of its commands. A second that is older than the last reading tells that it has ceased to:
   * what came after that reading was written later.
   */
  #isTimed(seconds: number | undefined): boolean {
    if (seconds !== undefined) return true;
    return this.#clock?.times === "log" && this.#clock.seconds >= this.#readToEndSeconds - clockToleranceSeconds;
  }

  /** Takes note that the piece that was found last is delivered. */
  async accept(nowSeconds: number): Promise<void> {
    const found = this.#found;
    const handle = found && this.#increments.get(found.piece.seq);
    if (!handle) throw new Error("no piece was found");
    const { piece, running, isLast } = found;
    this.#found = undefined;
    this.#running = running;
    this.#remembered = await bytesBefore(handle, piece.to);
    this.#place = { seq: piece.seq, offset: piece.to, after: undefined };
    this.#clock = { seconds: piece.last, times: piece.times };
    if (isLast) this.#readToEndSeconds = nowSeconds;
  }

  /** How much there is from the place of the next piece on. */
  async pendingBytes(): Promise<number> {
    const { seq, offset } = this.#place ?? { seq: 0, offset: 0 };
    const later = [...this.#increments].filter(([each]) => each >= seq);
    const sizes = await Promise.all(later.map(async ([, handle]) => (await handle.stat()).size));
    return sizes.reduce((sum, size) => sum + size, -offset);
  }

  /** The digest of a range that was delivered; undefined when its file is no longer open. */
  async digest(seq: number, from: number, to: number): Promise<string | undefined> {
    const handle = this.#increments.get(seq);
    if (!handle) return undefined;
    const hash = createHash("sha256");
    for await (const chunk of chunksOf(handle, from, to)) hash.update(chunk);
    return hash.digest("hex");
  }

  /** The bytes of a range that was found. */
  content({ seq, from, to }: Pick<FoundPiece, "seq" | "from" | "to">): Readable {
    const handle = this.#increments.get(seq);
    if (!handle) throw new Error(`increment ${seq} is not open`);
    return Readable.from(chunksOf(handle, from, to), { objectMode: false });
  }

  /** Lets go of the increments before another one. */
  async release(least: number): Promise<void> {
    for (const [seq, handle] of this.#increments) {
      if (seq >= least) continue;
      this.#increments.delete(seq);
      await handle.close();
    }
  }

  /** Lets go of all, and begins as if nothing had been read. */
  async close(): Promise<void> {
    const handles = [
      ...this.#increments.values(),
      ...(this.#base && this.#base !== this.#heldBase ? [this.#base.handle] : []),
    ];
    this.#increments.clear();
    this.#base = undefined;
    this.#found = undefined;
    this.#place = undefined;
    this.#clock = undefined;
    await Promise.all(handles.map((handle) => handle.close()));
  }
}

/** The bytes of a range of a file. */
export async function* chunksOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to;) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, to - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new LogBrokenError("A file has become shorter while it was read");
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function bytesBefore(handle: FileHandle, offset: number): Promise<Buffer> {
  const length = Math.min(rememberedBytes, offset);
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, offset - length);
  return buffer.subarray(0, bytesRead);
}
