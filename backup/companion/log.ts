import { errorWords } from "../../text/error-text.ts";
import { LogBrokenError, LogFollower, type FoundBase } from "../log/follower.ts";
import { chainFrom, foldableRuns, isAfter, nameGeneration, startOf, type Catalogue } from "../repository/catalogue.ts";
import type { LogPiece, LogPosition } from "../repository/tags.ts";
import { fileContent, readFileFacts, stateSeconds } from "./base.ts";
import type { Delivery, Followed } from "./companion.ts";

const foldEverySeconds = 10 * 60;
const foldAfterPieces = 200;

/** A server writes a command or a transaction at once: what has no end for so long will have none. */
const unfinishedSeconds = 10;

/** How often the manifest is looked at between two deliveries. */
const glanceMs = 100;

/** How long a base that could not be sent waits for the next try. */
const baseRetrySeconds = 10;

/** Follows the append-only log, and sends each new base beside it. */
export class FollowedLog implements Followed {
  readonly #follower: LogFollower;
  readonly #delivery: Delivery;
  #watching: NodeJS.Timeout | undefined;
  #generation: string | undefined;
  /** The newest generation before this companion's own. */
  #former: string | undefined;
  /** Up to where this generation is delivered. */
  #delivered: LogPosition | undefined;
  /** What is delivered of this generation, in the order of the log, as long as it may be folded. */
  #pieces: LogPiece[] = [];
  #baseSeqs = new Set<number>();
  /** What is sent beside the deliveries: a base, or what is folded. */
  #beside: Promise<void> | undefined;
  #baseProblem: { readonly words: string; readonly seconds: number } | undefined;
  /** What is folded, and may be forgotten. */
  #replaced: string[] = [];
  /** Where the log has no whole command, and since when. */
  #unfinished: { readonly at: string; readonly seconds: number } | undefined;
  #foldedSeconds = Date.now() / 1000;
  #piecesSinceFold = 0;

  constructor(dataFolder: string, delivery: Delivery) {
    this.#follower = new LogFollower(dataFolder, (canary) => delivery.canary?.isExpected(canary) === true);
    this.#delivery = delivery;
  }

  get background(): Followed["background"] {
    const isBusy = this.#beside !== undefined;
    return { isBusy, problem: this.#unfinishedWords() ?? (isBusy ? undefined : this.#baseProblem?.words) };
  }

  /**
   * Valkey before August 2026 and Redis leave the MULTI of a torn transaction in the log when they start, write behind it, and lose
   * all of that at their next start (valkey-io/valkey#4342).
   */
  #unfinishedWords(): string | undefined {
    const since = this.#unfinished?.seconds;
    if (since === undefined || Date.now() / 1000 - since < unfinishedSeconds) return undefined;
    const { seq, offset } = this.#follower.place ?? { seq: 0, offset: 0 };
    return `Increment ${seq} of the log has a command or a transaction without its end at byte ${offset}. The server loses what follows at its next start: let it rewrite the log with BGREWRITEAOF.`;
  }

  #noteUnfinished(): void {
    const { place, unfinishedBytes } = this.#follower;
    const at = unfinishedBytes > 0 && place ? `${place.seq}:${place.offset}` : undefined;
    if (at !== this.#unfinished?.at)
      this.#unfinished = at === undefined ? undefined : { at, seconds: Date.now() / 1000 };
  }

  async open(catalogue: Catalogue): Promise<void> {
    await this.#follower.look();
    // A rewrite is over within a moment when there is little data: files are opened when they appear, before they are gone again.
    this.#watching ??= setInterval(() => {
      void this.#follower.glance().catch(() => undefined);
    }, glanceMs);
    const generation = catalogue.generations.at(-1);
    if (!generation) return this.#begin();
    this.#former = generation.name;
    const { links, gap } = chainFrom(generation, startOf(generation));
    const last = links.at(-1)?.piece;
    const isSame = !gap && (last ? await this.#follower.resume(last) : await this.#isAtBase(catalogue));
    if (!isSame) return this.#begin("The log is not the one that was followed before");
    this.#generation = generation.name;
    this.#delivered = last && { seq: last.seq, offset: last.to };
    this.#baseSeqs = new Set(generation.bases.map(({ seq }) => seq));
    this.#pieces = links.map(({ piece }) => piece).filter(({ seq }) => seq === this.#follower.place?.seq);
    this.#piecesSinceFold = this.#pieces.filter(({ folded }) => !folded).length;
    this.#delivery.say(`Going on with ${generation.name}.`);
  }

  /** Whether nothing was written since the newest base was sent; where that is so, the log is followed from there. */
  async #isAtBase(catalogue: Catalogue): Promise<boolean> {
    const known = catalogue.generations.at(-1)?.bases.at(-1);
    const base = this.#follower.base;
    if (!known || known.seq !== base?.seq || known.log !== base.log) return false;
    const { sha256, last } = await readFileFacts(base.handle);
    if (sha256 !== known.sha256) return false;
    this.#follower.begin(last);
    return true;
  }

  async #begin(why?: string): Promise<void> {
    await this.#follower.close();
    await this.#follower.look();
    const base = this.#follower.holdBase();
    try {
      this.#follower.begin(base ? await stateSeconds(base.handle) : 0);
    } finally {
      await this.#follower.releaseBase();
    }
    this.#generation = nameGeneration(this.#generation ?? this.#former, Date.now());
    this.#delivered = undefined;
    this.#pieces = [];
    this.#baseSeqs = new Set();
    this.#delivery.say(`${why ?? "There is no backup yet"}: generation ${this.#generation} begins.`);
  }

  async deliver(): Promise<boolean> {
    try {
      return await this.#deliverPieces();
    } catch (error) {
      if (!(error instanceof LogBrokenError)) throw error;
      await this.#begin(error.what);
      return await this.#deliverPieces();
    } finally {
      this.#noteUnfinished();
      this.#sendBase();
    }
  }

  async reconcile({ generations }: Catalogue): Promise<boolean> {
    const delivered = this.#delivered;
    const generation = generations.find(({ name }) => name === this.#generation);
    const { gap, end } = generation ? chainFrom(generation, startOf(generation)) : { gap: undefined, end: undefined };
    if (delivered && (gap || !end || isAfter(delivered, end))) {
      await this.#begin("Parts of the log that were delivered are no longer in the repository");
      return false;
    }
    const bases = new Set(generation?.bases.map(({ seq }) => seq));
    const newest = Math.max(...this.#baseSeqs);
    if (this.#baseSeqs.size === 0 || bases.has(newest)) return true;
    this.#delivery.say("The newest base is no longer in the repository: it is sent again.");
    this.#baseSeqs.delete(newest);
    return false;
  }

  async #deliverPieces(): Promise<boolean> {
    for (let pieces = 0; ; pieces++) {
      const found = await this.#follower.next(Date.now() / 1000);
      if (!found) return pieces > 0;
      const readSeconds = Date.now() / 1000;
      const generation = this.#generation ?? "";
      const piece = await this.#store({ ...found.piece, generation, folded: false }, true);
      const { canary } = piece;
      const deliveredMs = Date.now();
      if (canary !== undefined) this.#delivery.canary?.noteDelivered(canary, deliveredMs);
      this.#pieces.push({ ...piece, window: canary === undefined ? undefined : deliveredMs - canary });
      this.#delivered = { seq: piece.seq, offset: piece.to };
      this.#piecesSinceFold += 1;
      await this.#follower.accept(readSeconds);
      if (found.isLast) return true;
    }
  }

  async #store(
    found: Omit<LogPiece, "kind" | "id" | "file" | "deliveredSeconds" | "by">,
    isUrgent: boolean,
  ): Promise<LogPiece> {
    const part = { kind: "log" as const, by: this.#delivery.by, ...found };
    const stored = await this.#delivery.store(part, this.#follower.content(found), isUrgent);
    return { ...part, ...stored, deliveredSeconds: Date.now() / 1000 };
  }

  /** Sends the newest base, beside the log, when it is not sent yet. */
  #sendBase(): void {
    const now = Date.now() / 1000;
    const generation = this.#generation;
    const base = this.#follower.base;
    if (this.#beside || !base || generation === undefined || this.#baseSeqs.has(base.seq)) return;
    if (this.#baseProblem && now - this.#baseProblem.seconds < baseRetrySeconds) return;
    this.#follower.holdBase();
    this.#beside = this.#uploadBase(base, generation)
      .then(() => {
        this.#baseProblem = undefined;
        if (generation === this.#generation) this.#baseSeqs.add(base.seq);
      })
      .catch((error: unknown) => {
        this.#baseProblem = { words: errorWords(error), seconds: Date.now() / 1000 };
      })
      .finally(async () => {
        this.#beside = undefined;
        await this.#follower.releaseBase();
      });
  }

  async #uploadBase({ seq, log, handle }: FoundBase, generation: string): Promise<void> {
    const { name } = this.#follower;
    const facts = await readFileFacts(handle);
    const part = { kind: "base" as const, generation, seq, log, name, by: this.#delivery.by, ...facts };
    const { file } = await this.#delivery.store(part, fileContent(handle, facts.bytes), false);
    this.#delivery.say(`The base ${file} is delivered: ${facts.bytes} bytes.`);
  }

  pendingBytes(): Promise<number> {
    return this.#follower.pendingBytes();
  }

  /** Folding is begun, beside the deliveries, when it is due; what it takes the place of is given by a later call. */
  tidy(): readonly string[] {
    const now = Date.now() / 1000;
    const isDue = now - this.#foldedSeconds > foldEverySeconds || this.#piecesSinceFold >= foldAfterPieces;
    if (!this.#beside && (isDue || this.#follower.hasFinished)) {
      if (isDue) [this.#foldedSeconds, this.#piecesSinceFold] = [now, 0];
      this.#beside = this.#fold(isDue).finally(() => {
        this.#beside = undefined;
      });
    }
    const replaced = this.#replaced;
    this.#replaced = [];
    return replaced;
  }

  /** Folds the pieces, or those alone of the increments that are read to their end; these are then let go of. */
  async #fold(isAll: boolean): Promise<void> {
    const current = this.#follower.place?.seq ?? 0;
    const generation = this.#generation;
    try {
      await this.#foldRuns(isAll ? this.#pieces : this.#pieces.filter(({ seq }) => seq < current));
    } catch (error) {
      // They stay as they are: the repository has all of it. Where the log began anew meanwhile, nothing of the former one is open.
      if (generation === this.#generation) this.#delivery.say(`Pieces could not be folded: ${errorWords(error)}`);
    }
    if (generation !== this.#generation) return;
    // The server has removed them; as long as they are open, they take room on its disk.
    await this.#follower.release(current);
    this.#pieces = this.#pieces.filter(({ seq }) => seq >= current);
  }

  /** Sends runs of small pieces as one each; the small ones are then forgotten. */
  async #foldRuns(pieces: readonly LogPiece[]): Promise<void> {
    for (const run of foldableRuns(pieces)) {
      const [first, last] = [run[0], run.at(-1)];
      if (!first || !last) continue;
      const sha256 = await this.#follower.digest(first.seq, first.from, last.to);
      if (sha256 === undefined) continue;
      const { generation, seq, from, after, first: firstSeconds } = first;
      const { to, running, last: lastSeconds, times } = last;
      const range = { generation, seq, from, to, after, sha256, running };
      const seconds = { first: firstSeconds, last: lastSeconds, times };
      const canary = run.findLast((piece) => piece.canary !== undefined)?.canary;
      const window = canary === undefined ? undefined : Math.max(...run.map((piece) => piece.window ?? 0));
      const folded = await this.#store({ ...range, ...seconds, canary, window, folded: true }, false);
      const replaced = new Set(run.map(({ id }) => id));
      this.#replaced.push(...replaced);
      this.#pieces = this.#pieces.flatMap((piece) =>
        piece.id === first.id ? [folded] : replaced.has(piece.id) ? [] : [piece],
      );
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watching);
    await this.#follower.close();
  }
}
