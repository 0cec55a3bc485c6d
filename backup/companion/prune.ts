import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import type { BackupConfiguration, backupPruneSchema } from "../protocol.ts";
import { forgettable, restoreRanges, type Catalogue } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import { RepositoryLockedError, type Restic } from "../repository/restic.ts";
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

/** So many are forgotten at once. */
const batch = 200;

/** A companion that sends a base has the repository for as long as that takes. */
const lockPatienceMs = 30 * 60_000;

/** The companion delivers between two steps. */
const pauseMs = 5000;

const longestSteps = 100;

/**
 * Forgets what no restore to a time from `seconds` on needs, and gives its room back: in steps, each of which keeps the lock for no longer than
 * the companion can wait. Killed in between, it has forgotten whole parts that nothing needs, and the next one does the rest.
 *
 * @param wanted - `seconds` is `keepDays` ago where it is not said; `isDry` changes nothing
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
  const limitMs = lateAfterSeconds * 500;
  for (let from = 0; from < ids.length; from += batch) {
    say(`forgetting ${from} of ${ids.length} parts`);
    await step(() => restic.forgetOnly(ids.slice(from, from + batch), limitMs), say);
  }
  let freedBytes = 0;
  for (let steps = 1; steps <= longestSteps; steps++) {
    say(`giving room back, step ${steps}`);
    const { freedBytes: freed, isMore } = await step(() => restic.pruneStep(limitMs), say);
    freedBytes += freed;
    if (!isMore) break;
    await sleep(pauseMs);
  }
  return { ...result, freedBytes };
}

/** Takes a step, again as long as another one has the repository's lock. */
async function step<T>(take: () => Promise<T>, say: (words: string) => void): Promise<T> {
  const began = performance.now();
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof RepositoryLockedError) || performance.now() - began > lockPatienceMs) throw error;
      say(`waiting for the repository's lock, for ${Math.round((performance.now() - began) / 1000)} s`);
      await sleep(pauseMs);
    }
  }
}
