import { constants, setPriority } from "node:os";
import type { BackupConfiguration } from "../protocol.ts";
import type { Restic } from "../repository/restic.ts";
import { Companion } from "./companion.ts";
import { FollowedLog } from "./log.ts";
import { FollowedSnapshot } from "./snapshot.ts";

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
  // What it starts inherits it: whatever the store's node has to do goes first.
  setPriority(constants.priority.PRIORITY_LOW);
  const companion = new Companion(restic, configuration, say);
  const Kind = configuration.kind === "log" ? FollowedLog : FollowedSnapshot;
  await companion.run(new Kind(configuration.data, companion.delivery), signal);
}
