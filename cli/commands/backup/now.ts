import { awaitBackup } from "../../../live/backup/now.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords } from "../../../text/moment.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput } from "../../terminal/output.ts";
import { companionFor, managerToAsk, type BackupCommandOptions } from "./opening.ts";
import { progressPrinter } from "./progress.ts";

/** `holdfast backup now [SERVICE]`: waits until all that was written before it is in the repository. */
export async function now(name: string | undefined, options: BackupCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const connection = await managerToAsk(options);
  const { companion, swarm } = await companionFor(connection, name);
  const { waitedSeconds, deliveredSeconds } = await awaitBackup(connection, companion, {
    nodes: swarm.nodes,
    signal: interrupts.signal,
    onProgress: progressPrinter(output),
  });
  if (output.json) output.document({ service: companion.of, waitedSeconds, deliveredSeconds });
  const { kind, file } = companion.configuration;
  const what = file?.path ?? (kind === "snapshot" ? "dump.rdb" : undefined);
  const words = what === undefined ? "everything that was written before this command" : `its newest ${what}`;
  output.print(
    `${printable(companion.of)}: ${printable(words)} is in the repository, since ${momentWords(deliveredSeconds)}.`,
  );
}
