import { acceptanceNote, gate } from "../../../impact/gate.ts";
import { renderText } from "../../../impact/render/text.ts";
import { obstacleCodes } from "../../../impact/rules/df701-obstacle.ts";
import { analyse, isDoubtful, type ImpactReport } from "../../../impact/report.ts";
import { minutesToAct } from "../../../impact/verdict/acceptance.ts";
import { EventCollector, readEvent } from "../../../inputs/pulumi/preview.ts";
import { readFacts } from "../../../inputs/swarm/facts.ts";
import { factsFrom, lookCloser } from "../../../live/swarm-facts.ts";
import { isRefusedDeletion, type Plan } from "../../../model/plan/plan.ts";
import { isKnown } from "../../../model/service/definition.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { InputError } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import type { CommandContext } from "../../context/context.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { canAsk } from "../../terminal/prompt.ts";
import type { ShownOperation } from "./operation.ts";

/** The plan that has been shown. */
export async function planOf(context: CommandContext, planned: ShownOperation): Promise<Plan> {
  const { name } = await context.engine();
  const collector = new EventCollector(name);
  for (const event of planned.events) collector.add(readEvent(event, "the plan"));
  return collector.plan("the plan");
}

/** Judges a plan by the swarm; one that does not answer only makes that less sharp. */
export async function judgeLive(plan: Plan, connection: EngineConnection, nodes?: string): Promise<ImpactReport> {
  const isChange = plan.steps.some(({ operation }) => operation !== "same");
  const facts = isChange ? await lookAround(plan, connection, nodes) : undefined;
  return analyse(plan, facts && readFacts(facts, "the swarm").live);
}

/**
 * Says what a plan does to data.
 *
 * @param isWhole - whether also that nothing happens to it
 */
export function showImpact({ output }: CommandContext, report: ImpactReport, isWhole = false): void {
  const shown = report.verdicts.filter(
    (verdict) => isWhole || verdict.fate !== "untouched" || verdict.warnings.length > 0 || isDoubtful(verdict),
  );
  if (shown.length > 0)
    output.print(renderText({ ...report, verdicts: shown, errors: [], policyFindings: [] }, output.style));
}

/**
 * Refuses a plan with a service whose new task the swarm has no place for, before its old one is stopped.
 *
 * @throws InputError naming the service and what it lacks
 */
export function requireRoom({ obstacles }: ImpactReport): void {
  const [first, ...others] = obstacles;
  if (first === undefined) return;
  const { kind, service, why, ...mistake } = first;
  const more = others.map((other) => `. ${other.service} cannot start either: ${other.why}`).join("");
  throw new InputError({ ...mistake, got: `${mistake.got}${more} (${obstacleCodes[kind]})` });
}

/**
 * Refuses a plan that deletes or replaces a protected volume, and says what to do: the engine's own message is about a flag that
 * the components set.
 *
 * @throws SituationError naming the volume
 */
export function requireProtectedKept({ steps }: Plan): void {
  const refused = steps.find((step) => step.before?.kind === "volume" && isRefusedDeletion(step));
  if (refused?.before === undefined) return;
  const { before, after, operation } = refused;
  const name = isKnown(before.name) ? before.name : refused.id;
  const isRenamed = after !== undefined && after.name !== before.name;
  const change =
    operation === "delete"
      ? "removes it from the program"
      : isRenamed
        ? `gives it another name${isKnown(after.name) ? `, ${after.name},` : ""} which would create a new volume without the data`
        : "replaces it";
  const back = operation === "delete" ? "Put it back in the program" : "Declare it as it was";
  throw new SituationError({
    what: `The volume ${name} is protected, but this change ${change}. Nothing was changed, and the data is still in the volume ${name}`,
    fix: `${back}, and the service keeps its data. To move the service to another volume, declare that volume in addition, copy the data, and keep this one in the program`,
  });
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
 * Stops a plan that would lose data whose loss was not accepted by name.
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
    what: `This plan does not keep all data: ${answer.refusals
      .map(({ name, fate, notAccepted }) => `${name}: ${fate}${notAccepted === undefined ? "" : ` (${notAccepted})`}`)
      .join(", ")}`,
    fix: `Change the program as described above, or accept the loss for this plan only, within the hour, with ${words}`,
  });
}
