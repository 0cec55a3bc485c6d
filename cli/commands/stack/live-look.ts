import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { NamedObject } from "../../../swarm/service/labelled-objects.ts";
import { advised } from "../../../text/advised-command.ts";
import type { CommandContext } from "../../context/context.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { propertiesOf } from "../../display/property-diff.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { requireYes, whyNotAsked } from "../../terminal/prompt.ts";
import { driftBesidePlan, driftLines, type Drift } from "./drift.ts";
import type { ShownOperation } from "./operation.ts";
import { unknownObjectLines, unknownObjects } from "./unknown-objects.ts";

/** What was seen of the swarm while planning. */
export interface LiveLook {
  drift: Drift[];
  /** Services of which tasks do not run, in a line each. */
  idle: string[];
  /** What says that it is this stack's, and the state does not know. */
  unknown: NamedObject[];
}

/** Whether the engine answers, asked while a plan is made; nothing is looked at where it does not. */
export async function answersNow(connection: EngineConnection): Promise<boolean> {
  const { pingEngine } = await import("../../../swarm/engine/connection.ts");
  return pingEngine(connection).then(
    () => true,
    () => false,
  );
}

/** Says what of the stack is not as the state says. */
export async function showLive(
  context: CommandContext,
  planned: ShownOperation,
  connection: EngineConnection,
): Promise<LiveLook> {
  const { output } = context;
  const { seen, unseen = "the reason is unknown" } = planned;
  if (seen === undefined) {
    output.print(`What is deployed was not checked: ${unseen}.`, "");
    return { drift: [], idle: [], unknown: [] };
  }
  const drift = driftBesidePlan(seen);
  const idle = await idleLines(context, servicesIn(seen), connection);
  if (drift.length > 0)
    output.print("What is deployed differs from the state:", ...driftLines(drift).map(indented), "");
  if (idle.length > 0) output.print("Not everything is running:", ...idle.map(indented), "");
  const unknown = await unknownObjects(context, connection, planned);
  if (unknown.length > 0) output.print(...unknownObjectLines(unknown), "");
  return { drift, idle, unknown };
}

/** Which of these services lack tasks, in a line each; services that cannot be looked up are left out. */
export async function idleLines(
  { state }: CommandContext,
  services: ReadonlySet<string>,
  connection: EngineConnection,
): Promise<string[]> {
  const { idleServices } = await import("../../../swarm/service/idle.ts");
  const idle = await idleServices(connection.docker, [...services]).catch(() => []);
  if (idle.length === 0) return [];
  // What a task failed with may be a word that is secret in the program.
  const { redactor } = await import("../../../swarm/api/redaction.ts");
  const redact = redactor((await state()).secrets());
  return idle.map(({ name, running, wanted, words }) => {
    const which = running === 0 ? "No task" : `Only ${running} of ${wanted} tasks`;
    return `${which} of the service ${name} ${running < 2 ? "is" : "are"} running; ${redact(words)}`;
  });
}

/** The names of the services that were seen. */
function servicesIn(seen: NonNullable<ShownOperation["seen"]>): ReadonlySet<string> {
  const names = seen.flatMap(({ resOutputsEvent }) => {
    const { type, op, new: now } = resOutputsEvent?.metadata ?? {};
    if (type !== "docker:index/service:Service" || op === "delete" || now === undefined) return [];
    const { name } = propertiesOf(now, "outputs");
    return typeof name === "string" ? [name] : [];
  });
  return new Set(names);
}

/** What to run to bring what is deployed back in line with the program. */
export function repairAdvice(): string {
  return `\`${advised("up", "--refresh")}\` updates the state to match what is deployed, then repairs the difference.`;
}

/** What a plan leaves as it is: an update of a resource puts back what it declares, but what is gone cannot be updated. */
export function unrepaired(drift: readonly Drift[], { view }: ShownOperation): Drift[] {
  const updated = (urn: string) => view.rows.get(urn)?.steps.some(({ metadata }) => metadata.op === "update") ?? false;
  return drift.filter(({ urn, change }) => change === "gone" || !updated(urn));
}

/**
 * Gets a yes for updating the state to match what is deployed, without which no plan can repair the difference.
 *
 * @throws NotConfirmed where there is no one to ask, Exit where the answer is no
 */
export async function confirmRefresh(
  { output }: CommandContext,
  { yes, planned, drift }: { yes: boolean; planned: ShownOperation; drift: readonly Drift[] },
): Promise<void> {
  if (yes) return;
  if (whyNotAsked(output) !== undefined)
    throw new NotConfirmed(
      { ...previewDigest(planned.events), drift },
      {
        what: `What is deployed differs from the state: ${driftLines(drift).join("; ")}`,
        fix: `Update the state and repair the difference with \`${advised("up", "--refresh --yes")}\``,
      },
    );
  await requireYes(
    "Do you want to update the state to match what is deployed, and see the plan that repairs the difference?",
    output,
  );
}

function indented(line: string): string {
  return `  ${line}`;
}
