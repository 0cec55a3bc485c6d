import type { z } from "zod";
import type { BackupConfiguration, backupPruneSchema } from "../protocol.ts";
import { forgettable } from "../repository/catalogue.ts";
import { fetchCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";

/** A person waits for it, and the companion meanwhile for the lock. */
const limitMs = 60 * 60_000;

/** Forgets what no restore within `keepDays` needs, and gives its room back. */
export async function pruneBackups(
  restic: Restic,
  { keepDays }: Pick<BackupConfiguration, "keepDays">,
): Promise<z.infer<typeof backupPruneSchema>> {
  const catalogue = await fetchCatalogue(restic);
  const ids = forgettable(catalogue, Date.now() / 1000 - keepDays * 86_400);
  await restic.forget(ids, limitMs);
  await restic.prune(limitMs);
  return { type: "result", command: "prune", forgotten: ids.length };
}
