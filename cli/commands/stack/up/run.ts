import type { PolicyPackChoice } from "../../../../engine/policy/pack.ts";
import { ownProject } from "../../../../model/own-settings.ts";
import { isRefusedDeletion } from "../../../../model/plan/plan.ts";
import type { EngineConnection } from "../../../../swarm/engine/connection.ts";
import { advised } from "../../../../text/advised-command.ts";
import { errorWords } from "../../../../text/error-text.ts";
import { openContext, type CommandContext, type StackOptions } from "../../../context/context.ts";
import { findSwarm, providerHost, type FoundSwarm } from "../../../context/find-swarm.ts";
import { Exit, exitCode } from "../../../terminal/exit-code.ts";
import { listenForInterrupts } from "../../../terminal/interrupts.ts";
import { confirm } from "../confirm.ts";
import { changesNothing } from "../confirmation.ts";
import { judgeLive, planOf, requireDataKept, requireProtectedKept, requireRoom, showImpact } from "../data-gate.ts";
import { removeLeft } from "../left-services.ts";
import { confirmRefresh, idleLines, showLive, unrepaired, type LiveLook } from "../live-look.ts";
import { nodePattern, requireFreeNames, serviceNames } from "../name-check.ts";
import {
  beginOperation,
  operationDocument,
  plan,
  requireSuccess,
  run,
  type OperationSettings,
  type ShownOperation,
} from "../operation.ts";
import { requirePins } from "../pin-check.ts";
import { closingReport, reportLines, type ServiceReport } from "./closing-report.ts";
import { requireOfSandbox } from "./earlier-sandbox.ts";
import { fillConfiguration } from "./first-configuration.ts";
import { askForFirstStart, dataTypes, isFirstStart } from "./first-start.ts";
import { holdNewSettings } from "./new-settings.ts";

/** Options of `holdfast up`. */
export interface UpOptions extends StackOptions {
  yes?: true;
  diff?: true;
  sandbox?: true;
  refresh?: true;
  /** The address of each node's engine, with `{hostname}` or `{address}` in it. */
  nodes?: string;
  policyPacks: PolicyPackChoice[];
  /** Services whose data may be lost. */
  acceptDataLoss: string[];
  backupFirst?: true;
}

/**
 * `holdfast up`: finds a swarm, fills in what is not configured yet, refuses what cannot work, plans, stops where data would
 * be lost, asks where something that exists changes, carries the plan out, and shows that Redis answers.
 */
export async function up(options: UpOptions): Promise<void> {
  const context = openContext(options);
  const { output, location } = context;
  await beginOperation(context, { changes: true });
  const swarm = await findSwarm(context, { sandbox: options.sandbox ?? false });
  const stack = await context.stack();
  using interrupts = listenForInterrupts(output.warn, advised("up", "--refresh"));
  // The lock is held from the first setting to the last answer. The Pulumi CLI takes its own.
  const { name: engineName } = await context.engine();
  using lock = engineName === "embedded" ? await stack.hold() : undefined;
  await using newSettings = holdNewSettings(stack, location, output);
  if (stack.project.name === ownProject)
    await fillConfiguration(stack, swarm, output, isFirstStart((await context.state()).resources));

  const settings: OperationSettings = {
    interrupts,
    dockerHost: providerHost(swarm.connection),
    policyPacks: options.policyPacks,
    diff: options.diff ?? false,
    includeProtected: [],
    ...(lock && { lock }),
  };
  await forgetOldSandbox(context, swarm, settings);
  if (stack.project.name === ownProject) await askForFirstStart(context, stack);
  output.print("");
  const { planned, live, refresh } = await planLive(context, settings, swarm, options);
  const nodes = await nodePattern(context, options.nodes);
  await requireFreeNames(context, planned, swarm.connection, nodes);
  const program = await planOf(context, planned);
  await requirePins(program, swarm.connection);
  await removeLeft(context, swarm.connection, lock);
  const { connection } = swarm;
  const signal = interrupts.stopSoon;
  const impact = await judgeLive(program, connection, { nodes, signal });
  requireRoom(impact);
  showImpact(context, impact);
  const message = await requireDataKept(context, {
    ...{ planned, plan: program, impact, connection, signal },
    accepted: options.acceptDataLoss,
    backupFirst: options.backupFirst ?? false,
  });
  await confirm(context, { yes: options.yes ?? false, planned });
  newSettings.keep();

  const isUnchanged = changesNothing(planned.changes) && !planned.stateChanged;
  if (isUnchanged)
    output.print(
      live.idle.length === 0
        ? "Nothing changed: everything matches the program."
        : "Nothing changed: all definitions match the program, but not everything is running.",
      "",
    );
  const outcome = isUnchanged
    ? planned
    : await run(context, "update", { ...settings, refresh, ...(message !== undefined && { message }) });
  await requireSuccess(context, "up", outcome, settings);
  const answer = await answerOf(context, swarm.sandbox !== undefined);
  const { report } = answer;
  // What had just been starting may run by now, and a server that has answered may have died since.
  const present = serviceNames(await context.state());
  const idle = await idleLines(context, present, swarm.connection);
  const failure = answer.failure ?? (idle.length > 0 ? idle.join("; ") : undefined);
  if (report.length > 0)
    output.print(
      `Stack ${location.stackName} is up${idle.length > 0 ? ", but not everything is running" : ""}:`,
      ...reportLines(report),
    );
  if (output.json)
    output.document({
      ...(await operationDocument(context, "up", outcome)),
      ...(live.drift.length > 0 && { drift: live.drift }),
      ...(live.unknown.length > 0 && { notInState: live.unknown }),
      ...(report.length > 0 && { report }),
      ...(failure !== undefined && { succeeded: false, error: { message: failure }, exitCode: exitCode.failed }),
    });
  if (failure === undefined) return;
  const done = isUnchanged ? "nothing needed to change" : "the update succeeded";
  output.warn(
    `error: ${done}, but ${answer.failure === undefined ? "not everything is running" : "a service does not answer"}: ${failure}`,
  );
  throw new Exit(exitCode.failed);
}

/** Plans while comparing the swarm with the state, and plans again if the state has to be updated first. */
async function planLive(
  context: CommandContext,
  settings: OperationSettings,
  { connection }: FoundSwarm,
  { yes = false, refresh = false }: { yes?: boolean; refresh?: boolean },
): Promise<{ planned: ShownOperation; live: LiveLook; refresh: boolean }> {
  const planned = await plan(context, "update", { ...settings, refresh, look: Promise.resolve(true) });
  await requirePlan(context, planned, settings, connection);
  const live = await showLive(context, planned, connection);
  const drift = refresh ? [] : unrepaired(live.drift, planned);
  if (drift.length === 0) return { planned, live, refresh };
  await confirmRefresh(context, { yes, planned, drift });
  const repairing = await plan(context, "update", { ...settings, refresh: true });
  await requirePlan(context, repairing, settings, connection);
  return { planned: repairing, live, refresh: true };
}

/** Ends the command where there is no plan; one that was refused for what it protects is judged all the same, as in a preview. */
async function requirePlan(
  context: CommandContext,
  planned: ShownOperation,
  settings: OperationSettings,
  connection: EngineConnection,
): Promise<void> {
  if (!planned.succeeded && !settings.interrupts.interrupted) {
    const program = await planOf(context, planned);
    if (program.steps.some(isRefusedDeletion)) {
      const impact = await judgeLive(program, connection, { signal: settings.interrupts.stopSoon });
      showImpact(context, impact, true);
    }
    requireProtectedKept(program);
  }
  await requireSuccess(context, "up", planned, settings);
}

/** A sandbox that was made just now holds nothing of what the state remembers of an earlier one of this project. */
async function forgetOldSandbox(context: CommandContext, swarm: FoundSwarm, settings: OperationSettings) {
  if (!swarm.isNew || swarm.sandbox === undefined) return;
  const resources = (await context.state()).resources.filter(({ isLeftOver }) => !isLeftOver);
  if (!resources.some(({ type }) => dataTypes.includes(type))) return;
  requireOfSandbox(resources, swarm.sandbox.directory);
  context.output.print("The sandbox is new: what an earlier one held is removed from the state.", "");
  await requireSuccess(context, "up", await run(context, "refresh", settings), settings);
}

async function answerOf(
  context: CommandContext,
  isSandbox: boolean,
): Promise<{ report: ServiceReport[]; failure?: string }> {
  try {
    return { report: await closingReport(context, isSandbox) };
  } catch (error) {
    return { report: [], failure: errorWords(error) };
  }
}
