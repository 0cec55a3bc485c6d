import { acceptanceNote, gate } from "../impact/gate.ts";
import { readFacts } from "../impact/live-facts.ts";
import { EventCollector, readEvent } from "../impact/pulumi-preview.ts";
import { renderText } from "../impact/render-text.ts";
import { analyse, isDoubtful, type ImpactReport } from "../impact/report.ts";
import { minutesToAct } from "../model/data-acceptance.ts";
import type { EngineConnection } from "../swarm/connection.ts";
import type { CommandContext } from "./context.ts";
import { previewDigest } from "./display/preview-digest.ts";
import { NotConfirmed } from "./failure.ts";
import type { ShownOperation } from "./operation.ts";
import { canAsk } from "./prompt.ts";
import type { Plan } from "../model/planned-change.ts";
import { factsFrom, withVolumes } from "./swarm-facts.ts";

/** Says what a plan that has been shown does to data; a swarm that does not answer only makes that less sharp. */
export async function showImpact(
  context: CommandContext,
  planned: ShownOperation,
  connection: EngineConnection,
  nodes?: string,
): Promise<ImpactReport> {
  const { name } = await context.engine();
  const collector = new EventCollector(name);
  for (const event of planned.events) collector.add(readEvent(event, "the plan"));
  const plan = collector.plan("the plan");
  const isChange = plan.steps.some(({ operation, before }) => operation !== "same" && before !== undefined);
  const facts = isChange ? await lookAround(plan, connection, nodes) : undefined;
  const report = analyse(plan, facts && readFacts(facts, "the swarm").live);
  const told = report.verdicts.filter(
    (verdict) => verdict.fate !== "untouched" || verdict.warnings.length > 0 || isDoubtful(verdict),
  );
  const { output } = context;
  if (told.length > 0)
    output.print(renderText({ ...report, verdicts: told, errors: [], policyFindings: [] }, output.style));
  return report;
}

/** What is known of the swarm, and of the volumes that the plan is about; a wrong pattern is said, silence is not. */
async function lookAround(
  plan: Plan,
  connection: EngineConnection,
  nodes: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const facts = await factsFrom(connection).catch(() => undefined);
  return facts && withVolumes(facts, plan, connection, nodes);
}

/**
 * Stops a plan that would lose data which nobody has given up by name.
 *
 * @returns what is to be written into the stack's history; `undefined` when nothing was accepted
 * @throws NotConfirmed naming what would be lost
 */
export function requireDataKept(
  { output }: CommandContext,
  planned: ShownOperation,
  { verdicts }: ImpactReport,
  accepted: readonly string[],
): string | undefined {
  const answer = gate(verdicts, accepted, canAsk() && !output.json, { now: new Date(), minutes: minutesToAct });
  if (answer.allowed) return acceptanceNote(answer);
  const words = answer.refusals.map(({ word }) => `--accept-data-loss ${word}`).join(" ");
  throw new NotConfirmed(previewDigest(planned.events), {
    path: "up",
    expected: "a plan that keeps all data",
    got: answer.refusals
      .map(({ name, fate, notAccepted }) => `${name}: ${fate}${notAccepted === undefined ? "" : ` (${notAccepted})`}`)
      .join(", "),
    fix: `Change the program as said above, or give up the data of just this plan, within the hour, with ${words}`,
  });
}
