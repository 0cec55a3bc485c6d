import { findCompanions } from "../../../live/backup/companion.ts";
import { awaitBackup } from "../../../live/backup/now.ts";
import { proveBackup } from "../../../live/backup/verify.ts";
import { readSwarm } from "../../../live/read-swarm.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords } from "../../../text/moment.ts";
import { SituationError } from "../../../text/situation-error.ts";
import type { Output } from "../../terminal/output.ts";
import { progressPrinter } from "./progress.ts";

/**
 * Backs up services and proves that a server loads what is in the repository.
 *
 * @param names - of services, or of the volumes with their data
 * @returns the services that were backed up
 * @throws SituationError when a proof failed: it names what is wrong
 */
export async function backUpNow(
  connection: EngineConnection,
  names: readonly string[],
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const swarm = await readSwarm(connection);
  const companions = findCompanions(swarm).filter(
    ({ of, dataMount }) => names.includes(of) || names.includes(dataMount?.Source ?? ""),
  );
  for (const companion of companions) {
    const options = { nodes: swarm.nodes, signal, onProgress: progressPrinter(output) };
    output.print(`Backing up ${printable(companion.of)}: everything written so far`);
    await awaitBackup(connection, companion, options);
    const proof = await proveBackup(connection, companion, { ...options, level: "load", atSeconds: undefined });
    if (proof.result === "failed") {
      const [mistake] = proof.mistakes;
      throw new SituationError({
        what: `The backup of ${companion.of} cannot be restored: ${mistake ? `${mistake.part} ${mistake.problem}` : "no reason was given"}. Nothing was changed`,
        fix: "Keep the data, and see `holdfast backup list`",
      });
    }
    output.print(`Backed up ${printable(companion.of)}: a server has loaded the state of ${momentWords(proof.point)}.`);
  }
  return new Set(companions.map(({ of }) => of));
}
