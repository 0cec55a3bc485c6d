import type { BackupService } from "../../../live/backup/companion.ts";
import { pruneBackup, type Pruned } from "../../../live/backup/prune.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords } from "../../../text/moment.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput } from "../../terminal/output.ts";
import { companionFor, managerToAsk, type BackupCommandOptions } from "./opening.ts";
import { progressPrinter } from "./progress.ts";

/** Options of `holdfast backup prune`. */
export interface PruneCommandOptions extends BackupCommandOptions {
  dryRun?: true | undefined;
  yes?: true | undefined;
}

/** `holdfast backup prune [SERVICE]`: removes what no restore within `keepDays` needs, after it has shown what that is. */
export async function prune(name: string | undefined, options: PruneCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const connection = await managerToAsk(options);
  const { companion, swarm } = await companionFor(connection, name);
  const request = { nodes: swarm.nodes, signal: interrupts.signal };
  const plan = await pruneBackup(connection, companion, {
    ...{ ...request, keptFromSeconds: undefined, isDry: true },
    onProgress: progressPrinter(output),
  });
  const document = { service: companion.of, ...partsOf(plan) };
  output.print(...pruneLines(companion, plan), "");
  if (options.dryRun) {
    if (output.json) output.document({ plan: document });
    output.print("Nothing was changed (--dry-run).");
    return;
  }
  if (!options.yes) {
    await confirmPlan(
      {
        plan: () => document,
        need: "Pruning needs confirmation",
        question: "Do you want to remove this from the repository?",
      },
      output,
    );
  }
  noteChange();
  // What was shown goes, also where somebody has thought about it for long.
  const { keptFromSeconds } = plan;
  const done = await pruneBackup(connection, companion, {
    ...{ ...request, keptFromSeconds, isDry: false },
    onProgress: progressPrinter(output),
  });
  if (output.json) output.document({ plan: document, done: partsOf(done) });
  output.print(`${printable(companion.of)}: removed ${goesWords(done)}; freed ${byteWords(done.freedBytes ?? 0)}.`);
}

function partsOf({ type: _, command: __, ...parts }: Pruned): Omit<Pruned, "type" | "command"> {
  return parts;
}

/** What would go, and what stays, in lines. */
export function pruneLines(
  { of, configuration }: Pick<BackupService, "of" | "configuration">,
  pruned: Pruned,
): string[] {
  const { keptFromSeconds, ranges } = pruned;
  const [first, last] = [ranges[0]?.firstSeconds, ranges.at(-1)?.lastSeconds];
  const reach = first === undefined || last === undefined ? "none" : `${momentWords(first)} to ${momentWords(last)}`;
  const { keepDays, repository } = configuration;
  return [
    `Prune the backup of ${of}`,
    `  keep         ${keepDays} ${keepDays === 1 ? "day" : "days"}: every state from ${momentWords(keptFromSeconds)} on can still be restored`,
    `  removes      ${goesWords(pruned)}`,
    `  keeps        restore points ${reach}`,
    `  repository   ${repository}; other stores' backups there are left alone`,
  ].map(printable);
}

function goesWords({ generations, bases, pieces, others, bytes }: Pruned): string {
  const counted = [
    [generations, "whole generation", "whole generations"],
    [bases, "base", "bases"],
    [pieces, "piece of the log", "pieces of the log"],
    [others, "old proof or torn part", "old proofs or torn parts"],
  ] as const;
  const parts = counted
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `${count} ${count === 1 ? one : many}`);
  return parts.length === 0 ? "nothing" : `${parts.join(", ")} of ${byteWords(bytes)} in all`;
}
