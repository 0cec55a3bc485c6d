import { acceptanceNote, gate } from "../impact/gate.ts";
import { readFacts } from "../impact/live-facts.ts";
import { EventCollector, readEvent } from "../impact/pulumi-preview.ts";
import { renderText } from "../impact/render-text.ts";
import { analyse, isDoubtful, type ImpactReport } from "../impact/report.ts";
import { minutesToAct } from "../model/data-acceptance.ts";
import { InputError } from "../model/input-error.ts";
import { isKnown } from "../model/service-definition.ts";
import type { EngineConnection } from "../swarm/connection.ts";
import type { CommandContext } from "./context.ts";
import { previewDigest } from "./display/preview-digest.ts";
import { NotConfirmed } from "./failure.ts";
import type { ShownOperation } from "./operation.ts";
import { canAsk } from "./prompt.ts";
import type { Plan } from "../model/planned-change.ts";
import { factsFrom, lookCloser } from "./swarm-facts.ts";

/** The plan that has been shown. */
export async function planOf(context: CommandContext, planned: ShownOperation): Promise<Plan> {
  const { name } = await context.engine();
  const collector = new EventCollector(name);
  for (const event of planned.events) collector.add(readEvent(event, "the plan"));
  return collector.plan("the plan");
}

/** Names in Docker of the services that a plan shows and that are there already. */
export function presentServices({ steps }: Plan): string[] {
  return steps.flatMap(({ before }) => (before?.kind === "service" && isKnown(before.name) ? [before.name] : []));
}

/** Judges a plan by the swarm; one that does not answer only makes that less sharp. */
export async function judgeLive(plan: Plan, connection: EngineConnection, nodes?: string): Promise<ImpactReport> {
  const isChange = plan.steps.some(({ operation }) => operation !== "same");
  const facts = isChange ? await lookAround(plan, connection, nodes) : undefined;
  return analyse(plan, facts && readFacts(facts, "the swarm").live);
}

/** Says what a plan does to data. */
export function showImpact({ output }: CommandContext, report: ImpactReport): void {
  const told = report.verdicts.filter(
    (verdict) => verdict.fate !== "untouched" || verdict.warnings.length > 0 || isDoubtful(verdict),
  );
  if (told.length > 0)
    output.print(renderText({ ...report, verdicts: told, errors: [], policyFindings: [] }, output.style));
}

/**
 * Refuses a plan with a service whose new task the swarm has no place for, before its old one is stopped.
 *
 * @throws InputError naming the service and what it lacks
 */
export function requireRoom({ obstacles }: ImpactReport): void {
  const [first, ...others] = obstacles;
  if (first === undefined) return;
  const { service, why, ...mistake } = first;
  const more = others.map((other) => `. ${other.service} cannot start either: ${other.why}`).join("");
  throw new InputError({ ...mistake, got: `${mistake.got}${more}` });
}

/** What is known of the swarm, and of the volumes that the plan is about; a wrong pattern is said, silence is not. */
async function lookAround(
  plan: Plan,
  connection: EngineConnection,
  nodes: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const facts = await factsFrom(connection).catch(() => undefined);
  return facts && lookCloser(facts, plan, connection, nodes);
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
