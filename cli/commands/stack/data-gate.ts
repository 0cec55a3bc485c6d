import { acceptanceNote, gate } from "../../../impact/gate.ts";
import { renderText } from "../../../impact/render/text.ts";
import { obstacleCodes } from "../../../impact/rules/df701-obstacle.ts";
import { analyse, isDoubtful, riskyVerdicts, type ImpactReport } from "../../../impact/report.ts";
import { minutesToAct } from "../../../impact/verdict/acceptance.ts";
import { EventCollector, readEvent } from "../../../inputs/pulumi/preview.ts";
import { readFacts } from "../../../inputs/swarm/facts.ts";
import type { EvidenceOptions } from "../../../live/backup/evidence.ts";
import { factsFrom, lookCloser } from "../../../live/swarm-facts.ts";
import { isRefusedDeletion, type Plan } from "../../../model/plan/plan.ts";
import { isKnown } from "../../../model/service/definition.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { InputError } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import type { CommandContext } from "../../context/context.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { askYesNo, canAsk } from "../../terminal/prompt.ts";
import type { ShownOperation } from "./operation.ts";

/** The plan that has been shown. */
export async function planOf(context: CommandContext, planned: ShownOperation): Promise<Plan> {
  const { name } = await context.engine();
  const collector = new EventCollector(name);
  for (const event of planned.events) collector.add(readEvent(event, "the plan"));
  return collector.plan("the plan");
}

/** Judges a plan by the swarm, and what it loses by its backups; a swarm that does not answer only makes that less sharp. */
export async function judgeLive(
  plan: Plan,
  connection: EngineConnection,
  { nodes, signal }: { nodes?: string | undefined; signal: AbortSignal },
): Promise<ImpactReport> {
  const isChange = plan.steps.some(({ operation }) => operation !== "same");
  const facts = isChange ? await lookAround(plan, connection, nodes) : undefined;
  const report = analyse(plan, facts && readFacts(facts, "the swarm").live);
  return facts === undefined ? report : withBackups(report, plan, connection, { signal });
}

/** A backup that cannot be asked covers nothing. */
async function withBackups(
  report: ImpactReport,
  plan: Plan,
  connection: EngineConnection,
  options: EvidenceOptions,
): Promise<ImpactReport> {
  if (riskyVerdicts(report).length === 0) return report;
  const { addRestorePoints } = await import("../../../live/backup/evidence.ts");
  return addRestorePoints(report, plan, connection, options).catch(() => report);
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

/** A plan that has been judged, and what may be done about what it loses. */
export interface JudgedPlan {
  readonly planned: ShownOperation;
  readonly plan: Plan;
  readonly impact: ImpactReport;
  readonly connection: EngineConnection;
  /** The words given with `--accept-data-loss`. */
  readonly accepted: readonly string[];
  /** Whether a backup is taken where one would do. */
  readonly backupFirst: boolean;
  readonly signal: AbortSignal;
}

/**
 * Stops a plan that would lose data whose loss was not accepted by name and that no backup covers. Where one that is taken now would
 * do, it is offered.
 *
 * @returns what is to be written into the stack's history; `undefined` when nothing was lost
 * @throws NotConfirmed naming what would be lost
 */
export async function requireDataKept(context: CommandContext, judged: JudgedPlan): Promise<string | undefined> {
  const { output } = context;
  const { planned, plan, impact, connection, accepted, backupFirst, signal } = judged;
  const decide = ({ verdicts }: ImpactReport) =>
    gate(verdicts, accepted, canAsk() && !output.json, { now: new Date(), minutes: minutesToAct });
  const answer = decide(impact);
  if (answer.allowed) return acceptanceNote(answer);
  const names = answer.refusals.map(({ name }) => name);
  const canBeBackedUp = answer.refusals.every((refusal) => refusal.canBeBackedUp);
  if (canBeBackedUp && (backupFirst || (await isBackupWanted(names, output)))) {
    const { backUpNow } = await import("../backup/take.ts");
    const takenNow = await backUpNow(connection, names, { output, signal });
    const report = await withBackups(impact, plan, connection, { signal, takenNow });
    showImpact(context, { ...report, verdicts: report.verdicts.filter(({ name }) => names.includes(name)) });
    const second = decide(report);
    if (second.allowed) return acceptanceNote(second);
  }
  const words = answer.refusals.map(({ word }) => `--accept-data-loss ${word}`).join(" ");
  const backup =
    canBeBackedUp && !backupFirst ? "let a backup be taken and proved first, with --backup-first, or " : "";
  throw new NotConfirmed(previewDigest(planned.events), {
    what: `This plan does not keep all data: ${answer.refusals
      .map(({ name, fate, notAccepted }) => `${name}: ${fate}${notAccepted === undefined ? "" : ` (${notAccepted})`}`)
      .join(", ")}`,
    fix: `Change the program as described above, or ${backup}accept the loss for this plan only, within the hour, with ${words}`,
  });
}

async function isBackupWanted(names: readonly string[], output: CommandContext["output"]): Promise<boolean> {
  if (!canAsk() || output.json) return false;
  return askYesNo(`This plan does not keep all data. Back up ${names.join(", ")} now, prove it, and go on?`, output);
}
