import type { z } from "zod";
import type { backupListSchema, BackupConfiguration } from "../protocol.ts";
import { catalogueMistakes, readCatalogue, restoreRanges } from "../repository/catalogue.ts";
import type { Restic } from "../repository/restic.ts";
import { SituationError } from "../../text/situation-error.ts";
import { expectedBytes } from "../repository/tags.ts";

/** What the repository holds of a store. */
export async function listBackups(
  restic: Restic,
  { store }: Pick<BackupConfiguration, "store">,
): Promise<z.infer<typeof backupListSchema>> {
  const snapshots = await restic.snapshots();
  if (snapshots.length === 0) await refuseForeign(restic, store);
  const catalogue = readCatalogue(snapshots);
  const ranges = restoreRanges(catalogue);
  const pieces = catalogue.generations.flatMap((generation) => generation.pieces);
  const bases = catalogue.generations.flatMap((generation) => generation.bases);
  const parts = [...pieces, ...bases, ...catalogue.snapshots];
  return {
    type: "result",
    command: "list",
    store,
    ranges: [...ranges],
    ...(ranges.length === 0 ? {} : { newestSeconds: Math.max(...ranges.map(({ lastSeconds }) => lastSeconds)) }),
    ...(parts.length === 0
      ? {}
      : { deliveredSeconds: Math.max(...parts.map(({ deliveredSeconds }) => deliveredSeconds)) }),
    pieces: pieces.length,
    bases: bases.length + catalogue.snapshots.length,
    bytes: parts.reduce((sum, part) => sum + (expectedBytes(part) ?? 0), 0),
    proofs: catalogue.proofs.map(({ level, result, deliveredSeconds, point, keys }) => ({
      ...{ level, result, seconds: Math.floor(deliveredSeconds), point, mistakes: [] },
      ...(keys === undefined ? {} : { keys }),
    })),
    mistakes: [...catalogueMistakes(catalogue)],
  };
}

/** Says whose the repository is, where it holds nothing of the store. */
async function refuseForeign(restic: Restic, store: string): Promise<void> {
  const others = await restic.otherStores();
  if (others.length === 0) return;
  throw new SituationError({
    what: `The repository holds no backup of ${store}, but of ${others.slice(0, 5).join(", ")}`,
    fix: "Check the name of the store and the address of the repository",
  });
}
