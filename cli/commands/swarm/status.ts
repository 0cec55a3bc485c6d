import { readBackups } from "../../../live/backup/overview.ts";
import { readSwarm } from "../../../live/read-swarm.ts";
import { serviceStates, type ServiceState } from "../../../live/service-states.ts";
import { printable } from "../../../text/escape.ts";
import { managerToAsk, type BackupCommandOptions } from "../backup/opening.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput, type Output } from "../../terminal/output.ts";

/** `holdfast status`: whether the services with data run and can be restored; ends with 1 where one does not, or its backup has an error. */
export async function showStatus(options: BackupCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const connection = await managerToAsk(options);
  const swarm = await readSwarm(connection);
  const states = serviceStates(swarm, await readBackups(connection, swarm, interrupts.signal));
  if (output.json) output.document({ services: states });
  output.print(
    ...states.flatMap((state) => serviceLines(state, output)),
    ...(states.length === 0 ? ["No service of this swarm writes a volume or a folder of its node."] : []),
  );
  if (states.some(({ problem, backupErrors }) => problem !== undefined || backupErrors.length > 0))
    throw new Exit(exitCode.failed);
}

/** The lines about a service. */
export function serviceLines(
  { name, runsOn, problem, backup, backupErrors }: ServiceState,
  { style }: Pick<Output, "style">,
): string[] {
  const where = runsOn.length === 0 ? "" : `  on ${printable(runsOn.join(", "))}`;
  return [
    `${style("bold", printable(name))}${where}${problem === undefined ? "" : `  ${style("red", problem)}`}`,
    `  backup  ${printable(backup)}`,
    ...backupErrors.map((words) => `  ${style("red", "error")}   ${printable(words)}`),
  ];
}
