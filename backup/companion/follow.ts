import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Canary } from "../canary/canary.ts";
import { writeCanary } from "../canary/write.ts";
import { backupSecretFiles, type BackupConfiguration } from "../protocol.ts";
import type { Restic } from "../repository/restic.ts";
import { productOf } from "../product.ts";
import { Companion } from "./companion.ts";

/** How many canaries are written in the time after which a delivery is late: one that fails makes nothing late. */
const canariesUntilLate = 6;

/**
 * Follows a store into the repository until the signal, and delivers what is left.
 *
 * @throws SituationError when another companion follows the same store, or the image's restic is too old
 */
export async function follow(
  restic: Restic,
  configuration: BackupConfiguration,
  say: (words: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const canary = await canaryOf(configuration);
  const companion = new Companion(restic, configuration, say, canary);
  const product = await productOf(configuration);
  const stop = new AbortController();
  const writing = canary?.run(AbortSignal.any([signal, stop.signal]));
  try {
    await companion.run(product.follow(configuration, companion.delivery), signal);
  } finally {
    stop.abort();
    await writing;
  }
}

async function canaryOf({ canary, kind, secrets, lateAfterSeconds }: BackupConfiguration): Promise<Canary | undefined> {
  // A snapshot tells its own time.
  if (canary === undefined || kind !== "log") return undefined;
  const path = join(secrets, backupSecretFiles.canary);
  const password = await readFile(path, "utf8");
  // Each one is delivered, where nothing else is written, too: a large `every` makes both rare.
  const everyMs = (lateAfterSeconds * 1000) / canariesUntilLate;
  return new Canary((time) => writeCanary(canary, password.trimEnd(), time), everyMs);
}
