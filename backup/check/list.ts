import type { z } from "zod";
import type { backupListSchema, BackupConfiguration } from "../protocol.ts";
import { catalogueMistakes, measuredWindow, planRestore, restoreRanges } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";
import { expectedBytes } from "../repository/tags.ts";
import { bytesOf } from "../restore/assemble.ts";

/**
 * What the repository holds of a store.
 *
 * @param seconds - the time whose restore is to be measured; undefined for the newest state
 */
export async function listBackups(
  restic: Restic,
  { store }: Pick<BackupConfiguration, "store">,
  seconds?: number,
): Promise<z.infer<typeof backupListSchema>> {
  const catalogue = await openCatalogue(restic, store);
  const ranges = restoreRanges(catalogue);
  const plan = planRestore(catalogue, seconds);
  const pieces = catalogue.generations.flatMap((generation) => generation.pieces);
  const bases = catalogue.generations.flatMap((generation) => generation.bases);
  const parts = [...pieces, ...bases, ...catalogue.snapshots];
  const window = measuredWindow(catalogue);
  return {
    type: "result",
    command: "list",
    store,
    ranges: [...ranges],
    ...(ranges.length === 0 ? {} : { newestSeconds: Math.max(...ranges.map(({ lastSeconds }) => lastSeconds)) }),
    ...(parts.length === 0
      ? {}
      : { deliveredSeconds: Math.max(...parts.map(({ deliveredSeconds }) => deliveredSeconds)) }),
    ...(window && { window }),
    pieces: pieces.length,
    bases: bases.length + catalogue.snapshots.length,
    bytes: parts.reduce((sum, part) => sum + (expectedBytes(part) ?? 0), 0),
    ...(plan.kind === "none" ? {} : { restoreBytes: bytesOf(plan) }),
    proofs: catalogue.proofs.map(
      ({ level, result, deliveredSeconds, point, entries, canary, window, node, took, bytes: restored }) => ({
        ...{ level, result, seconds: Math.floor(deliveredSeconds), point, mistakes: [] },
        ...(entries === undefined ? {} : { entries }),
        ...(canary === undefined ? {} : { canary }),
        ...(window === undefined ? {} : { window }),
        ...(node === undefined ? {} : { node }),
        ...(took === undefined ? {} : { tookSeconds: took }),
        ...(restored === undefined ? {} : { bytes: restored }),
      }),
    ),
    mistakes: [...catalogueMistakes(catalogue)],
  };
}
