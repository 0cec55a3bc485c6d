import type { BackupConfiguration } from "../protocol.ts";
import type { Restic } from "../repository/restic.ts";
import { productOf } from "../product.ts";
import { Companion } from "./companion.ts";

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
  const companion = new Companion(restic, configuration, say);
  const product = await productOf(configuration);
  await companion.run(product.follow(configuration, companion.delivery), signal);
}
