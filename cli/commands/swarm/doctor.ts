import { diagnose, type Diagnosis } from "../../../live/doctor/doctor.ts";
import { readHostFacts } from "../../../live/host-facts.ts";
import { answeredIn, takeInventory } from "../../../live/inventory.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { openOutput, type Output } from "../../terminal/output.ts";
import { enginesToAsk, type EngineChoice } from "./engines-to-ask.ts";

/** Options of the commands that question a live swarm. */
export interface SwarmQuestionOptions extends EngineChoice {
  json?: true | undefined;
}

/** `holdfast doctor`: what would trouble stateful services, each with its fix; ends with 1 when there is a problem. */
export async function doctor(options: SwarmQuestionOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const inventory = await takeInventory(await enginesToAsk(options));
  const local = answeredIn(inventory).filter(({ report }) => report.isLocal);
  const hosts = await Promise.all(
    local.map(async ({ host, report }) => [host, await readHostFacts(report.dataRoot)] as const),
  );
  const diagnoses = diagnose(inventory, new Map(hosts));
  if (output.json) output.document({ takenAt: inventory.takenAt, diagnoses });
  output.print(...lines(diagnoses, output));
  if (diagnoses.some(({ result }) => result === "problem")) throw new Exit(exitCode.failed);
}

const colours = { good: "green", warning: "yellow", problem: "red", "not checked": "dim" } as const;

function lines(diagnoses: readonly Diagnosis[], { style }: Output): string[] {
  const width = Math.max(...diagnoses.map(({ check }) => check.length));
  return [...Map.groupBy(diagnoses, ({ where }) => where)].flatMap(([where, each]) => [
    style("bold", where),
    ...each.flatMap(({ check, result, found, fix }) => [
      `  ${style(colours[result], result.padEnd(11))}  ${check.padEnd(width)}  ${found}`,
      ...(fix === undefined ? [] : [`  ${" ".repeat(11)}  Fix: ${fix}.`]),
    ]),
    "",
  ]);
}
