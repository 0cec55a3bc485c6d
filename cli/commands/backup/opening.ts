/** What the commands of backups have in common: the manager that they ask, Ctrl-C, and the lines of progress. */
import type { BackupLine } from "../../../backup/protocol.ts";
import { companionOf, findCompanions, type BackupService } from "../../../live/backup/companion.ts";
import { readSwarm, type SwarmRecord } from "../../../live/read-swarm.ts";
import { requireManager, type EngineConnection } from "../../../swarm/engine/connection.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { InputError } from "../../../text/input-error.ts";
import type { Output } from "../../terminal/output.ts";
import { enginesToAsk } from "../swarm/engines-to-ask.ts";
import type { SwarmQuestionOptions } from "../swarm/doctor.ts";

/** Options of every command of backups. */
export type BackupCommandOptions = Omit<SwarmQuestionOptions, "nodes">;

/**
 * The first manager among the engines to ask.
 *
 * @throws EngineError (an InputError) of the first, where none is one
 */
export async function managerToAsk(options: BackupCommandOptions): Promise<EngineConnection> {
  let failure: unknown;
  for (const connection of await enginesToAsk(options)) {
    try {
      await requireManager(connection);
      return connection;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * The companion that a command is for.
 *
 * @param name - of the service; may be left out where there is only one
 */
export async function companionFor(
  connection: EngineConnection,
  name: string | undefined,
): Promise<{ companion: BackupService; swarm: SwarmRecord }> {
  const swarm = await readSwarm(connection);
  const companions = findCompanions(swarm);
  const [only, ...others] = companions;
  if (name === undefined && only !== undefined && others.length > 0) {
    throw new InputError({
      path: "service",
      expected: `one of ${companions.map(({ of }) => of).join(", ")}`,
      got: "none",
      fix: "Name the service whose backup is meant",
    });
  }
  return {
    companion: name === undefined && only !== undefined ? only : companionOf(companions, name ?? "any service"),
    swarm,
  };
}

type Progress = Extract<BackupLine, { type: "progress" }>;

/** Prints progress with what is done of all, how fast, and how long it will still take. */
export function progressPrinter(output: Output): (line: Progress) => void {
  const began = performance.now();
  let firstBytes: number | undefined;
  return (line) => {
    firstBytes ??= line.doneBytes;
    output.print(`  ...   ${progressWords(line, firstBytes ?? 0, (performance.now() - began) / 1000)}`);
  };
}

/**
 * A line of progress in words.
 *
 * @param firstBytes - what was done already when the clock was started
 */
export function progressWords({ words, doneBytes, allBytes }: Progress, firstBytes: number, seconds: number): string {
  if (doneBytes === undefined) return words;
  const rate = seconds > 0 ? (doneBytes - firstBytes) / seconds : 0;
  const left = allBytes !== undefined && rate > 0 ? Math.ceil((allBytes - doneBytes) / rate) : undefined;
  return [
    `${words}: ${byteWords(doneBytes)}${allBytes === undefined ? "" : ` of ${byteWords(allBytes)}`}`,
    ...(rate > 0 ? [`${byteWords(rate)}/s`] : []),
    ...(left !== undefined && left > 0 ? [`${left < 120 ? `${left} s` : `${Math.ceil(left / 60)} min`} left`] : []),
  ].join(", ");
}
