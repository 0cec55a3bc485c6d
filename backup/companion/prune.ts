import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { byteWords } from "../../text/byte-size.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { BackupConfiguration, backupPruneSchema } from "../protocol.ts";
import { forgettable, restoreRanges, type Catalogue } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import { RepositoryLockedError, RepositorySlowError, type Restic } from "../repository/restic.ts";
import { expectedBytes } from "../repository/tags.ts";

type Pruned = z.infer<typeof backupPruneSchema>;

/** What goes, and what stays. */
export interface PrunePlan extends Omit<Pruned, "type" | "command" | "freedBytes"> {
  /** The snapshots that go. */
  readonly ids: readonly string[];
}

/** Which parts no restore to a time from `seconds` on needs, and what can be restored without them. */
export function planPrune(catalogue: Catalogue, seconds: number): PrunePlan {
  const ids = forgettable(catalogue, seconds);
  const gone = new Set(ids);
  const goes = ({ id }: { readonly id: string }): boolean => gone.has(id);
  const stays = (part: { readonly id: string }): boolean => !goes(part);
  const { generations, snapshots, proofs } = catalogue;
  const kept = generations
    .map((generation) => ({
      ...generation,
      pieces: generation.pieces.filter(stays),
      bases: generation.bases.filter(stays),
    }))
    .filter(({ pieces, bases }) => pieces.length + bases.length > 0);
  const pieces = generations.flatMap((generation) => generation.pieces).filter(goes);
  const bases = [...generations.flatMap((generation) => generation.bases), ...snapshots].filter(goes);
  return {
    ids,
    keptFromSeconds: seconds,
    generations: generations.length - kept.length,
    bases: bases.length,
    pieces: pieces.length,
    others: ids.length - bases.length - pieces.length,
    bytes: [...bases, ...pieces].reduce((sum, part) => sum + (expectedBytes(part) ?? 0), 0),
    ranges: [
      ...restoreRanges({
        ...catalogue,
        generations: kept,
        snapshots: snapshots.filter(stays),
        proofs: proofs.filter(stays),
      }),
    ],
  };
}

/** So many parts are forgotten in one step, and so much is packed again; a quarter of it when a step takes too long. */
const [mostParts, mostMebibytes] = [256, 256];
const leastOfStep = 4;

/** A companion that sends a base has the repository for as long as that takes. */
const lockPatienceMs = 30 * 60_000;

/** The companion delivers between two steps. */
const pauseMs = 5000;

const longestSteps = 1000;

/**
 * Forgets what no restore to a time from `seconds` on needs, and gives its room back: in steps, each of which keeps the lock for no longer than
 * the companion can wait. Killed in between, it has forgotten whole parts that nothing needs, and the next one does the rest.
 *
 * @param wanted - `seconds` is `keepDays` ago where it is not said; `isDry` changes nothing
 * @throws SituationError when even the smallest step takes too long
 */
export async function pruneBackups(
  restic: Restic,
  { store, keepDays, lateAfterSeconds }: Pick<BackupConfiguration, "store" | "keepDays" | "lateAfterSeconds">,
  wanted: { readonly seconds: number | undefined; readonly isDry: boolean },
  say: (words: string) => void,
): Promise<Pruned> {
  const seconds = wanted.seconds ?? Math.floor(Date.now() / 1000 - keepDays * 86_400);
  const { ids, ...plan } = planPrune(await openCatalogue(restic, store), seconds);
  const result = { type: "result" as const, command: "prune" as const, ...plan };
  if (wanted.isDry) return result;
  const limitSeconds = lateAfterSeconds / 2;
  const steps = new Steps(limitSeconds, say);
  for (let done = 0; done < ids.length;) {
    say(`forgetting ${done} of ${ids.length} parts`);
    done += await steps.take(mostParts, async (size) => {
      const some = ids.slice(done, done + size);
      await restic.forgetOnly(some, limitSeconds * 1000);
      return some.length;
    });
  }
  let freedBytes = 0;
  for (let count = 1; count <= longestSteps; count++) {
    say(`freeing space, step ${count}, ${byteWords(freedBytes)} so far`);
    const { freedBytes: freed, isMore } = await steps.take(mostMebibytes, (size) =>
      restic.pruneStep(limitSeconds * 1000, size),
    );
    freedBytes += freed;
    if (!isMore) break;
    await sleep(pauseMs);
  }
  return { ...result, freedBytes };
}

/** Takes steps that each keep the repository's lock for a limited time. */
class Steps {
  readonly #limitSeconds: number;
  readonly #say: (words: string) => void;
  /** What a step may do of the most; less once one has taken too long. */
  #share = 1;

  constructor(limitSeconds: number, say: (words: string) => void) {
    this.#limitSeconds = limitSeconds;
    this.#say = say;
  }

  /** Takes a step of at most a size, again as long as another one has the repository's lock, and smaller when it takes too long. */
  async take<T>(most: number, step: (size: number) => Promise<T>): Promise<T> {
    const began = performance.now();
    for (;;) {
      const size = Math.max(leastOfStep, most * this.#share);
      try {
        return await step(size);
      } catch (error) {
        if (error instanceof RepositorySlowError) {
          if (size === leastOfStep) throw tooSlow(this.#limitSeconds);
          this.#share /= 4;
          this.#say("the repository is slow: taking smaller steps");
        } else if (error instanceof RepositoryLockedError && performance.now() - began < lockPatienceMs) {
          this.#say(`waiting for the repository's lock, for ${Math.round((performance.now() - began) / 1000)} s`);
        } else throw error;
        await sleep(pauseMs);
      }
    }
  }
}

function tooSlow(limitSeconds: number): SituationError {
  return new SituationError({
    what: `The repository is so slow that even the smallest step took more than ${limitSeconds} s. Deliveries cannot wait longer than that`,
    fix: "Raise `lateAfter` of the backup, or prune when the repository is less busy",
  });
}
