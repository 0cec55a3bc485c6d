import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { errorWords } from "../../text/error-text.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { Delivery, Followed } from "../companion/companion.ts";
import { chunksOf } from "../log/follower.ts";
import { chainFrom, isAfter, nameGeneration, startOf, type Catalogue } from "../repository/catalogue.ts";
import type { LogPiece, LogPosition } from "../repository/tags.ts";
import { takeBase } from "./base.ts";
import { Receiver } from "./receiver.ts";
import type { Server, ServerState } from "./server.ts";
import { placeInLog } from "./wal.ts";

/** How long it may take until what the server has is received. */
const receiveLimitMs = 10_000;
/** The same after a start. */
const firstReceiveLimitMs = 60_000;
const lookEveryMs = 20;

const foldEverySeconds = 10 * 60;
const foldAfterPieces = 200;

const baseEverySeconds = 24 * 3600;
/** A base is made before that when the log since the last one is larger than it, and not small. */
const leastLogBytes = 256 * 1024 ** 2;
const baseRetrySeconds = 10;

/** Which log is followed. */
interface LogIdentity {
  readonly system: string;
  readonly timeline: number;
  readonly segmentBytes: number;
}

/** The log that is followed, and how far. */
interface FollowedWal extends LogIdentity {
  readonly generation: string;
  /** The segment that the generation begins with. */
  readonly firstSeq: number;
  /** Where the next piece begins: in a segment that is finished, until something of the next one is there. */
  place: LogPosition;
  /** The digest of the segment up to there. */
  running: Hash | undefined;
  /** That digest as text, by which the log is known again. */
  digest: string;
  /** What was delivered of the segment. */
  pieces: LogPiece[];
  /** What was not delivered was not written before it. */
  sinceSeconds: number;
  /** The server was told that it may remove what is before this segment. */
  releasedSeq: number;
  /** The newest base. */
  base: { readonly seq: number; readonly seconds: number; readonly bytes: number } | undefined;
  bytesSinceBase: number;
}

/** Follows a PostgreSQL: its log as it is written, and a base now and then. */
export class FollowedPostgresql implements Followed {
  readonly #server: Server;
  readonly #delivery: Delivery;
  readonly #receiver: Receiver;
  #wal: FollowedWal | undefined;
  /** The newest generation before this companion's own. */
  #former: string | undefined;
  /** Whether what is received was compared with what was delivered. */
  #isSame = false;
  #upload: Promise<void> | undefined;
  #baseProblem: { readonly words: string; readonly seconds: number } | undefined;
  #toForget: string[] = [];
  #foldedSeconds = Date.now() / 1000;
  #isClosed = false;

  constructor(server: Server, delivery: Delivery, temporaryFolder: string) {
    this.#server = server;
    this.#delivery = delivery;
    this.#receiver = new Receiver(server, temporaryFolder);
  }

  get background(): Followed["background"] {
    // Also while it is tried again: what is delivered without a base cannot be restored.
    return { isBusy: this.#upload !== undefined, problem: this.#baseProblem?.words };
  }

  async open(catalogue: Catalogue): Promise<void> {
    this.#former = catalogue.generations.at(-1)?.name;
    this.#wal = readFollowed(catalogue);
    await this.#receive(await this.#server.state());
  }

  /** Receives the log, from where it was delivered if it is the same and still there. */
  async #receive(state: ServerState): Promise<void> {
    const wal = this.#wal;
    const why = wal ? whyAnother(wal, state) : "There is no backup yet";
    if (!wal || why !== undefined) {
      await this.#begin(why ?? "");
      return;
    }
    const { seq, offset } = wal.place;
    this.#isSame = false;
    await this.#receiver.start({ ...wal, seq });
    if (!(await this.#received(wal, wal.place, firstReceiveLimitMs)))
      throw new SituationError({ what: "The server has not sent its log in time", fix: "It is asked again" });
    const running = createHash("sha256");
    if (offset > 0) {
      const file = await this.#receiver.open(seq);
      await using handle = file?.handle;
      if (handle) for await (const chunk of chunksOf(handle, 0, offset)) running.update(chunk);
      if (running.copy().digest("hex") !== wal.digest) {
        await this.#begin("The log is not the one that was followed before");
        return;
      }
    }
    wal.running = running;
    this.#isSame = true;
    this.#delivery.say(`Going on with ${wal.generation}.`);
  }

  async #begin(why: string): Promise<void> {
    await this.#receiver.stop();
    const from = await this.#server.keepLog();
    const { segmentBytes, system, timeline } = await this.#server.state();
    const { seq } = placeInLog(from, segmentBytes);
    const generation = nameGeneration(this.#wal?.generation ?? this.#former, Date.now());
    this.#wal = {
      ...{ generation, firstSeq: seq, system, timeline, segmentBytes },
      ...{ place: { seq, offset: 0 }, running: createHash("sha256"), digest: "", pieces: [], sinceSeconds: 0 },
      ...{ releasedSeq: seq, base: undefined, bytesSinceBase: 0 },
    };
    this.#baseProblem = undefined;
    await this.#receiver.start({ timeline, segmentBytes, seq });
    this.#isSame = true;
    this.#delivery.say(`${why}: generation ${this.#wal.generation} begins.`);
  }

  async deliver(): Promise<boolean> {
    const askedSeconds = Date.now() / 1000;
    let isAll = false;
    let failure: Error | undefined;
    try {
      isAll = await this.#receiveAll();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    // Also when the server is gone: there is no more of it than what it has sent.
    const isNew = await this.#deliverReceived();
    if (failure) throw failure;
    const wal = this.#wal;
    if (!wal) return isNew;
    if (isAll) wal.sinceSeconds = Math.floor(askedSeconds);
    await this.#release(wal);
    await this.#foldWhenDue(wal);
    this.#sendBase(wal);
    return isNew;
  }

  async reconcile({ generations }: Catalogue): Promise<boolean> {
    const wal = this.#wal;
    const delivered = wal && deliveredOf(wal);
    if (!wal || !delivered) return true;
    const generation = generations.find(({ name }) => name === wal.generation);
    const chain = generation && chainFrom(generation, wal.firstSeq);
    if (!chain || chain.gap || isAfter(delivered, chain.end)) {
      await this.#begin("Parts of the log that were delivered are no longer in the repository");
      return false;
    }
    const { base } = wal;
    if (base === undefined || generation.bases.some(({ seq }) => seq === base.seq)) return true;
    this.#delivery.say("The newest base is no longer in the repository: another one is made.");
    wal.base = { ...base, seconds: 0 };
    return false;
  }

  /** Waits until all is received that the server has. */
  async #receiveAll(): Promise<boolean> {
    const state = await this.#server.state();
    const why = this.#wal && whyAnother(this.#wal, state);
    if (why !== undefined) {
      // What came before the server was another one.
      await this.#deliverReceived();
      await this.#begin(why);
    } else if (!this.#receiver.isRunning || !this.#isSame) await this.#receive(state);
    const isAll =
      this.#wal !== undefined &&
      (await this.#received(this.#wal, placeInLog(state.flushed, state.segmentBytes), receiveLimitMs));
    if (!isAll) this.#receiver.requireRunning();
    return isAll;
  }

  /** Waits until the log is received up to a place. */
  async #received(wal: FollowedWal, { seq, offset }: LogPosition, limitMs: number): Promise<boolean> {
    const began = performance.now();
    const segment = offset === 0 ? { seq: seq - 1, end: wal.segmentBytes } : { seq, end: offset };
    while (performance.now() - began < limitMs) {
      // Of what is before the place nothing is received again.
      if (wal.place.seq > segment.seq) return true;
      const file = await this.#receiver.open(segment.seq);
      await file?.handle.close();
      if (file && file.end >= segment.end) return true;
      if (!this.#receiver.isRunning) return false;
      await sleep(lookEveryMs);
    }
    return false;
  }

  /** Delivers what was received. */
  async #deliverReceived(): Promise<boolean> {
    const wal = this.#wal;
    if (!wal || !this.#isSame) return false;
    for (let pieces = 0; ;) {
      const { seq, offset } = wal.place;
      const file = await this.#receiver.open(seq);
      if (!file) return pieces > 0;
      await using handle = file.handle;
      if (file.end > offset) {
        await this.#deliverSegment(wal, handle, file.end);
        pieces += 1;
      }
      if (file.end < wal.segmentBytes) return pieces > 0;
      const next = await this.#receiver.open(seq + 1);
      await next?.handle.close();
      if (!next || next.end === 0) return pieces > 0;
      wal.place = { seq: seq + 1, offset: 0 };
      wal.running = createHash("sha256");
      wal.pieces = [];
      await this.#receiver.removeBefore(seq + 1);
    }
  }

  /** Delivers what is new of a segment; one that is finished is sent whole, in the place of its pieces. */
  async #deliverSegment(wal: FollowedWal, handle: FileHandle, end: number): Promise<void> {
    const { seq, offset } = wal.place;
    const replaced = end === wal.segmentBytes ? wal.pieces : [];
    const running = wal.running?.copy() ?? createHash("sha256");
    for await (const chunk of chunksOf(handle, offset, end)) running.update(chunk);
    const first = replaced[0]?.first ?? wal.sinceSeconds;
    const times = { first, last: Math.floor(Date.now() / 1000) };
    const range = { from: replaced.length > 0 ? 0 : offset, to: end, folded: replaced.length > 0 };
    const piece = await this.#store(wal, handle, { ...range, ...times, running: running.copy().digest("hex") });
    wal.place = { seq, offset: end };
    wal.running = running;
    wal.digest = piece.running;
    wal.bytesSinceBase += end - offset;
    this.#replace(wal, replaced, piece);
  }

  async #store(
    wal: FollowedWal,
    handle: FileHandle,
    range: Pick<LogPiece, "from" | "to" | "folded" | "first" | "last" | "running">,
  ): Promise<LogPiece> {
    const { generation, place, segmentBytes, firstSeq } = wal;
    const hash = createHash("sha256");
    for await (const chunk of chunksOf(handle, range.from, range.to)) hash.update(chunk);
    const part = {
      ...{ kind: "log" as const, form: "wal" as const, generation, by: this.#delivery.by, seq: place.seq },
      ...{ ...range, sha256: hash.digest("hex"), times: "log" as const },
      after: range.from === 0 && place.seq > firstSeq ? { seq: place.seq - 1, offset: segmentBytes } : undefined,
    };
    const content = Readable.from(chunksOf(handle, range.from, range.to), { objectMode: false });
    const stored = await this.#delivery.store(part, content, true);
    return { ...part, ...stored, deliveredSeconds: Date.now() / 1000 };
  }

  #replace(wal: FollowedWal, replaced: readonly LogPiece[], piece: LogPiece): void {
    wal.pieces = [...wal.pieces.filter((each) => !replaced.includes(each)), piece];
    this.#toForget.push(...replaced.map(({ id }) => id));
  }

  /** The server keeps the segment that was delivered last: a companion that starts knows the log again by it. */
  async #release(wal: FollowedWal): Promise<void> {
    const seq = wal.pieces.length > 0 ? wal.place.seq : wal.place.seq - 1;
    if (seq <= wal.releasedSeq) return;
    await this.#server.releaseLog(seq * wal.segmentBytes);
    wal.releasedSeq = seq;
  }

  /** Makes and sends a base when one is due, beside the log. */
  #sendBase(wal: FollowedWal): void {
    const now = Date.now() / 1000;
    const { base, bytesSinceBase } = wal;
    const isDue =
      base === undefined ||
      now - base.seconds > baseEverySeconds ||
      bytesSinceBase > Math.max(base.bytes, leastLogBytes);
    const waits = this.#baseProblem && now - this.#baseProblem.seconds < baseRetrySeconds;
    if (!isDue || waits === true || this.#upload) return;
    const seq = (base?.seq ?? 0) + 1;
    this.#upload = this.#uploadBase(wal, seq)
      .then((bytes) => {
        this.#baseProblem = undefined;
        wal.base = { seq, seconds: now, bytes };
        wal.bytesSinceBase -= bytesSinceBase;
      })
      .catch((error: unknown) => {
        if (this.#wal === wal) this.#baseProblem = { words: errorWords(error), seconds: Date.now() / 1000 };
      })
      .finally(() => {
        this.#upload = undefined;
      });
  }

  /** Two snapshots: the copy, and what is known of it at its end; without the second, the first counts for nothing. */
  async #uploadBase(wal: FollowedWal, seq: number): Promise<number> {
    const { generation, system, timeline, segmentBytes } = wal;
    const { by } = this.#delivery;
    const copies: { id: string; file: string }[] = [];
    try {
      const { start, end, bytes, sha256, last } = await takeBase(this.#server, seq === 1, async (content) => {
        copies.push(await this.#delivery.store({ kind: "copy", generation, seq, by }, content, false));
      });
      // It is one once the log that it needs is there, too.
      await this.#awaitDelivered(wal, placeInLog(end, segmentBytes));
      const [copy = { id: "", file: "" }] = copies;
      const facts = { log: placeInLog(start, segmentBytes).seq, bytes, sha256, last };
      const known = { copy: copy.id, copyFile: copy.file, timeline, system, segmentBytes };
      const part = { kind: "base" as const, generation, seq, name: "wal", ...facts, wal: known, by };
      const text = Buffer.from(`${JSON.stringify({ ...known, ...facts })}\n`);
      const { file } = await this.#delivery.store(part, Readable.from([text], { objectMode: false }), true);
      this.#delivery.say(`The base ${file} is delivered: ${bytes} bytes.`);
      return bytes;
    } catch (error) {
      this.#toForget.push(...copies.map(({ id }) => id));
      throw error;
    }
  }

  async #awaitDelivered(wal: FollowedWal, { seq, offset }: LogPosition): Promise<void> {
    while (wal.place.seq < seq || (wal.place.seq === seq && wal.place.offset < offset)) {
      if (this.#wal !== wal || this.#isClosed)
        throw new SituationError({ what: "The log has changed under the base", fix: "Another one is made" });
      await sleep(lookEveryMs);
    }
  }

  async pendingBytes(): Promise<number> {
    return this.#wal === undefined ? 0 : ((await this.#receiver.segments()) - 1) * this.#wal.segmentBytes;
  }

  tidy(): readonly string[] {
    return this.#toForget.splice(0);
  }

  /** Sends what was delivered of the segment as one piece in the place of several. */
  async #foldWhenDue(wal: FollowedWal): Promise<void> {
    const now = Date.now() / 1000;
    const isDue = now - this.#foldedSeconds > foldEverySeconds || wal.pieces.length >= foldAfterPieces;
    if (!isDue) return;
    this.#foldedSeconds = now;
    const file = this.#isSame ? await this.#receiver.open(wal.place.seq) : undefined;
    if (!file) return;
    await using handle = file.handle;
    const [first, last] = [wal.pieces[0], wal.pieces.at(-1)];
    if (!first || !last || first === last || file.end < last.to) return;
    const range = { from: 0, to: last.to, folded: true, first: first.first, last: last.last, running: last.running };
    this.#replace(wal, wal.pieces, await this.#store(wal, handle, range));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#receiver.stop();
  }
}

/** Where the delivered log ends; undefined when none of it is delivered. */
function deliveredOf({ place: { seq, offset }, firstSeq, segmentBytes }: FollowedWal): LogPosition | undefined {
  if (offset > 0) return { seq, offset };
  return seq > firstSeq ? { seq: seq - 1, offset: segmentBytes } : undefined;
}

/** Why a server's log is not the one that was followed, or cannot be gone on with; undefined when it can. */
export function whyAnother(
  { system, timeline, segmentBytes, place }: LogIdentity & { readonly place: LogPosition },
  state: ServerState,
): string | undefined {
  if (state.system !== system) return "Another database is in its place";
  if (state.timeline !== timeline) return `The server is on timeline ${state.timeline}, as after a restore`;
  if (state.flushed < place.seq * segmentBytes + place.offset) return "The server is behind what was delivered of it";
  const isKept = state.kept !== null && placeInLog(state.kept, segmentBytes).seq <= place.seq;
  return isKept ? undefined : "The server has not kept the log that comes next";
}

/** The newest generation, where it can be gone on with; one without a base is as well begun anew. */
function readFollowed({ generations }: Catalogue): FollowedWal | undefined {
  const generation = generations.at(-1);
  const base = generation?.bases.at(-1);
  if (!generation || !base?.wal) return undefined;
  const firstSeq = startOf(generation);
  const { links, end, gap } = chainFrom(generation, firstSeq);
  const last = links.at(-1)?.piece;
  if (!last || gap) return undefined;
  const { system, timeline, segmentBytes } = base.wal;
  const since = links.filter(({ piece }) => piece.seq >= base.log);
  return {
    ...{ generation: generation.name, firstSeq, system, timeline, segmentBytes, place: end },
    ...{ running: undefined, digest: last.running, sinceSeconds: last.first, releasedSeq: firstSeq },
    pieces: links.map(({ piece }) => piece).filter(({ seq }) => seq === end.seq),
    base: { seq: base.seq, seconds: base.deliveredSeconds, bytes: base.bytes },
    bytesSinceBase: since.reduce((sum, { piece, skipBytes }) => sum + piece.to - piece.from - skipBytes, 0),
  };
}
