import { entriesWords, type ProofLevel } from "../../../backup/protocol.ts";
import { proveBackup } from "../../../live/backup/verify.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords, parseMoment } from "../../../text/moment.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput } from "../../terminal/output.ts";
import { companionFor, managerToAsk, type BackupCommandOptions } from "./opening.ts";
import { progressPrinter } from "./progress.ts";

/** Options of `holdfast backup verify`. */
export interface VerifyBackupOptions extends BackupCommandOptions {
  at?: string | undefined;
  level: ProofLevel;
}

/** `holdfast backup verify [SERVICE]`: proves a state of a backup, and ends with 1 when it fails. */
export async function proveState(name: string | undefined, options: VerifyBackupOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const atSeconds = options.at === undefined ? undefined : parseMoment(options.at, new Date(), "--at");
  using interrupts = abortOnInterrupt();
  const connection = await managerToAsk(options);
  const { companion, swarm } = await companionFor(connection, name);
  const result = await proveBackup(connection, companion, {
    ...{ level: options.level, atSeconds, nodes: swarm.nodes, signal: interrupts.signal },
    onProgress: progressPrinter(output),
  });
  const { type: _, command: __, ...proof } = result;
  if (output.json) output.document({ service: companion.of, ...proof });
  const loaded =
    proof.entries === undefined ? "" : `, ${entriesWords(companion.configuration.kind, proof.entries)} loaded`;
  output.print(
    `${printable(companion.of)}: ${proof.result === "ok" ? "ok" : "FAILED"} at level ${proof.level}, the state of ${momentWords(proof.point)}: ${proof.parts} parts, ${byteWords(proof.bytes)}${loaded}`,
    ...(proof.level === options.level ? [] : ["  Nothing here can prove more of a file in this format."]),
    ...proof.mistakes.map(({ part, problem }) => `  ${printable(part)}: ${printable(problem)}`),
  );
  if (proof.result !== "ok") throw new Exit(exitCode.failed);
}
