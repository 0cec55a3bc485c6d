import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { errorWords } from "../../text/error-text.ts";
import type { Canary } from "../canary/canary.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { BackupConfiguration } from "../protocol.ts";
import { forgettable, type Catalogue } from "../repository/catalogue.ts";
import { makeRepository } from "../repository/make.ts";
import { fetchCatalogue } from "../repository/open.ts";
import { NoRepositoryError, RepositoryLockedError, type Restic } from "../repository/restic.ts";
import { fileName, tagsOf, type PartToStore } from "../repository/tags.ts";
import type { Readable } from "node:stream";
import { writeStatus } from "./status.ts";

/** What a companion follows: a log, or a snapshot. */
export interface Followed {
  /** Takes over what the repository has. */
  open(catalogue: Catalogue): Promise<void>;
  /**
   * Delivers what is new.
   *
   * @returns whether there was anything
   */
  deliver(): Promise<boolean>;
  /**
   * Looks whether all that was delivered is still in the repository; what is not is sent again, or makes a new beginning.
   *
   * @returns false when something is missing
   */
  reconcile(catalogue: Catalogue): Promise<boolean>;
  /** How much is there that is not delivered. */
  pendingBytes(): Promise<number>;
  /** Begins what has time, such as folding; gives what is to be forgotten. */
  tidy(): readonly string[];
  /** Whether something is being sent that takes long; what keeps it from being delivered. */
  readonly background: { readonly isBusy: boolean; readonly problem: string | undefined };
  close(): Promise<void>;
}

/** What a companion offers to what it follows. */
export interface Delivery {
  /** Which run of the companion this is. */
  readonly by: string;
  /** @param isUrgent - whether what is lost with the node waits for it */
  store(
    part: PartToStore,
    content: Readable,
    isUrgent: boolean,
  ): Promise<{ readonly id: string; readonly file: string }>;
  say(words: string): void;
  /** What is written into the server to be found in what is delivered; undefined where nothing is. */
  readonly canary: Pick<Canary, "isExpected" | "noteDelivered"> | undefined;
}

/** How long forgetting and pruning may keep the repository's lock, as a share of the time after which a delivery is late. */
const shareOfLateness = 0.5;

/** So much is delivered at once, before the next delivery is due: under load it takes longer the more there is. */
const worthBytes = 16 * 1024 ** 2;

/** How often it is looked whether there is so much. */
const glanceMs = 100;

/** When a companion looks for the first time whether it is the only one. */
const firstCheckSeconds = 10;

const tidyEverySeconds = 10 * 60;
/** So often at most, and as soon as there are so many snapshots to forget. */
const [leastTidySeconds, manyToForget] = [60, 100];
const keepEverySeconds = 60 * 60;

/** Runs until it is told to stop, and then delivers what is left. */
export class Companion {
  readonly #restic: Restic;
  readonly #configuration: BackupConfiguration;
  readonly #say: (words: string) => void;
  readonly #canary: Canary | undefined;
  readonly #startedMs = Date.now();
  /** Which run of the companion this is. */
  readonly #by = `${hostname()}.${this.#startedMs}`;
  /** Undefined until the repository was opened: a companion that never reached it is not healthy. */
  #deliveredSeconds: number | undefined;
  #checkedSeconds = Date.now() / 1000;
  #isChecked = false;
  #othersAtWork = false;
  #problem: string | undefined;
  #toForget: string[] = [];
  #tidiedSeconds = Date.now() / 1000;
  #keptSeconds = 0;
  #goneHosts: ReadonlySet<string> = new Set();

  /** @param canary - what is written into the server to measure what would be lost; undefined for nothing */
  constructor(
    restic: Restic,
    configuration: BackupConfiguration,
    say: (words: string) => void,
    canary: Canary | undefined,
  ) {
    this.#canary = canary;
    this.#restic = restic;
    this.#configuration = configuration;
    this.#say = say;
  }

  /** For what it follows. */
  get delivery(): Delivery {
    return {
      by: this.#by,
      store: async (part, content, isUrgent) => {
        const file = fileName(part, Date.now() / 1000);
        const id = await this.#restic.store(file, tagsOf(part), content, { isUrgent });
        return { id, file };
      },
      say: this.#say,
      canary: this.#canary,
    };
  }

  /**
   * Follows until the signal.
   *
   * @throws SituationError when another companion follows the same store, or restic is too old
   */
  async run(followed: Followed, signal: AbortSignal): Promise<void> {
    await this.#writeStatus();
    await this.#restic.requireVersion();
    try {
      await this.#follow(followed, signal);
    } finally {
      await followed.close();
    }
  }

  async #follow(followed: Followed, signal: AbortSignal): Promise<void> {
    let catalogue: Catalogue | undefined;
    let isOpen = false;
    while (!signal.aborted) {
      const startedMs = Date.now();
      let isWell = false;
      try {
        if (!isOpen) {
          catalogue ??= await this.#openRepository();
          await followed.open(catalogue);
          isOpen = true;
          this.#deliveredSeconds = startedMs / 1000;
        }
        await this.#round(followed);
        const patienceMs = (this.#configuration.lateAfterSeconds * 1000) / 2;
        this.#note(followed.background.problem ?? this.#canary?.problem(Date.now(), patienceMs));
        isWell = true;
      } catch (error) {
        if (error instanceof SecondCompanionError) throw error;
        await this.#unlock(error).catch(() => undefined);
        this.#note(errorWords(error));
      }
      await this.#writeStatus();
      // A repository that is away is not asked without a pause.
      const worth = isWell ? worthBytes : Number.POSITIVE_INFINITY;
      await this.#rest(followed, startedMs + this.#configuration.everySeconds * 1000, worth, signal);
    }
    if (isOpen) await followed.deliver();
  }

  /** Waits until the next delivery is due, or so much is there that it is worth one. */
  async #rest(followed: Followed, dueMs: number, worth: number, signal: AbortSignal): Promise<void> {
    do await sleep(glanceMs, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted && Date.now() < dueMs && (await followed.pendingBytes()) < worth);
  }

  async #round(followed: Followed): Promise<void> {
    const readSeconds = Date.now() / 1000;
    const delivered = await followed.deliver();
    const now = Date.now() / 1000;
    const { lateAfterSeconds } = this.#configuration;
    // With nothing to deliver, only reading the repository shows that it is still there.
    const checkAfter =
      this.#othersAtWork || !this.#isChecked ? firstCheckSeconds : lateAfterSeconds / (delivered ? 1 : 2);
    const isCheckDue = now - this.#checkedSeconds > checkAfter;
    const isWhole = !isCheckDue || (await followed.reconcile(await this.#check()));
    // What was there when the round began is there, and the repository, too.
    if ((delivered || isCheckDue) && isWhole && followed.background.problem === undefined)
      this.#deliveredSeconds = Math.min(readSeconds, (this.#canary?.unprovedSince ?? Number.POSITIVE_INFINITY) / 1000);
    this.#toForget.push(...followed.tidy());
    const least = this.#toForget.length >= manyToForget ? leastTidySeconds : tidyEverySeconds;
    const isDue = now - this.#tidiedSeconds > least;
    if (isDue && !followed.background.isBusy) await this.#forget(now);
  }

  /** Forgetting takes the repository's lock: what is to be delivered waits, and so it is done between two deliveries. */
  async #forget(now: number): Promise<void> {
    this.#tidiedSeconds = now;
    const { keepDays, lateAfterSeconds } = this.#configuration;
    const limitMs = lateAfterSeconds * shareOfLateness * 1000;
    const isKeepDue = now - this.#keptSeconds > keepEverySeconds;
    const old = isKeepDue ? forgettable(await fetchCatalogue(this.#restic), now - keepDays * 86_400) : [];
    const ids = [...new Set([...this.#toForget, ...old])];
    if (ids.length === 0) return;
    await this.#restic.forget(ids, limitMs);
    this.#toForget = [];
    if (!isKeepDue) return;
    this.#keptSeconds = now;
    await this.#restic.prune(limitMs);
  }

  /** Reads the repository, and makes it where there is none. */
  async #openRepository(): Promise<Catalogue> {
    const catalogue = await fetchCatalogue(this.#restic).catch(async (error: unknown) => {
      if (!(error instanceof NoRepositoryError)) throw error;
      const { repository } = this.#configuration;
      if (await makeRepository(this.#restic, repository)) this.#say(`The repository ${repository} was created.`);
      return fetchCatalogue(this.#restic);
    });
    this.#checkedSeconds = Date.now() / 1000;
    this.#noteHosts(catalogue);
    return catalogue;
  }

  /**
   * Reads what is in the repository. An older companion that is still at work, seen twice, ends this one. Seen once, it may be the
   * last upload of one that was killed; and what both have sent meanwhile is of the same log, which does no harm.
   */
  async #check(): Promise<Catalogue> {
    const catalogue = await fetchCatalogue(this.#restic);
    const isOthers = partsOf(catalogue).some(
      ({ by, deliveredSeconds }) =>
        by !== this.#by && deliveredSeconds > this.#checkedSeconds && startedMsOf(by) < this.#startedMs,
    );
    if (isOthers && this.#othersAtWork) throw new SecondCompanionError(this.#configuration.store);
    this.#othersAtWork = isOthers;
    this.#isChecked = true;
    this.#noteHosts(catalogue);
    this.#checkedSeconds = Date.now() / 1000;
    return catalogue;
  }

  #noteHosts(catalogue: Catalogue): void {
    this.#goneHosts = new Set(partsOf(catalogue).map(({ by }) => by.slice(0, by.lastIndexOf("."))));
  }

  async #unlock(error: unknown): Promise<void> {
    if (!(error instanceof RepositoryLockedError)) return;
    if (await this.#restic.removeLocksOf(this.#goneHosts))
      this.#say("The lock of a companion that is gone was removed.");
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) this.#say(problem);
    if (problem === undefined && this.#problem !== undefined) this.#say("Deliveries have resumed.");
    this.#problem = problem;
  }

  async #writeStatus(): Promise<void> {
    await writeStatus(this.#configuration.status, {
      ...(this.#deliveredSeconds === undefined ? {} : { deliveredSeconds: this.#deliveredSeconds }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      ...(this.#canary?.measured && { window: this.#canary.measured }),
    });
  }
}

/** Another companion follows the same store. */
class SecondCompanionError extends SituationError {
  constructor(store: string) {
    super({
      what: `Another companion follows ${store} into the same repository`,
      fix: "Keep one of them: only one companion may write a backup",
    });
  }
}

function partsOf({ generations, snapshots }: Catalogue) {
  return [...generations.flatMap(({ pieces, bases }) => [...pieces, ...bases]), ...snapshots];
}

function startedMsOf(by: string): number {
  return Number(by.slice(by.lastIndexOf(".") + 1));
}
