import { getPriority, setPriority } from "node:os";
import type { BackupConfiguration } from "../protocol.ts";
import type { Restic } from "../repository/restic.ts";
import { productOf } from "../product.ts";
import { Companion } from "./companion.ts";

/** A third of what the others get that want the same processor (sched(7), "The nice value"). */
const priority = 5;

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
  // What it starts inherits it: the store goes first. With the lowest priority of all, a node whose processors are busy would deliver
  // least when there is most to lose.
  // Where the engine itself runs with a lower one, its containers may not raise theirs.
  setPriority(Math.max(priority, getPriority()));
  const companion = new Companion(restic, configuration, say);
  const product = await productOf(configuration);
  await companion.run(product.follow(configuration, companion.delivery), signal);
}
