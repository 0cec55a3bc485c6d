import type { EngineEvent } from "../../../engine/model/events.ts";
import { advised } from "../../../text/advised-command.ts";
import type { CommandContext } from "../../context/context.ts";
import { openDisplay } from "../../display/display.ts";
import type { OperationView } from "../../display/operation-view.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { withoutProvisionalNames } from "../../display/provisional-names.ts";
import type { OperationKind, OperationOutcome, OperationRequest, StackEngine } from "../../engines/engine.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";

/** What was seen of an operation. */
export interface ShownOperation extends OperationOutcome {
  view: OperationView;
  events: EngineEvent[];
}

/** An operation's parameters, without what this module adds. */
export type OperationSettings = Omit<OperationRequest, "location" | "onEvent">;

/** Plans an operation and shows the plan. */
export function plan(context: CommandContext, kind: OperationKind, settings: OperationSettings) {
  return show(context, kind, settings, true);
}

/** Carries an operation out and shows how it goes. */
export function run(context: CommandContext, kind: OperationKind, settings: OperationSettings) {
  return show(context, kind, settings, false);
}

async function show(
  context: CommandContext,
  kind: OperationKind,
  settings: OperationSettings,
  planning: boolean,
): Promise<ShownOperation> {
  const { output, location } = context;
  const engine = await context.engine();
  const display = openDisplay({ output, stackName: location.stackName, kind, planning, diff: settings.diff });
  const events: EngineEvent[] = [];
  const shown = planning ? withoutProvisionalNames() : (event: EngineEvent) => event;
  const onEvent = (event: EngineEvent) => {
    if (!planning && isChange(event)) noteChange();
    events.push(event);
    display.onEvent(shown(event));
  };
  try {
    const request = { ...settings, location, onEvent };
    const outcome = planning ? await engine.plan(kind, request) : await engine.run(kind, request);
    // An engine that shows itself sends no events.
    if (!planning && engine.showsItself && outcome.stateChanged) noteChange();
    return { ...outcome, view: display.view, events };
  } finally {
    if (!planning) context.forgetState();
    display.end();
  }
}

/** Whether an event says that something on the swarm is about to be changed. */
function isChange({ resourcePreEvent }: EngineEvent): boolean {
  return resourcePreEvent !== undefined && !["same", "read", "refresh"].includes(resourcePreEvent.metadata.op);
}

/** Ends the command where an operation did not succeed, for `--json` with what came of it. */
export async function requireSuccess(
  context: CommandContext,
  command: string,
  shown: ShownOperation,
  { interrupts }: OperationSettings,
): Promise<void> {
  if (shown.succeeded && !interrupts.interrupted) return;
  if (interrupts.interrupted) {
    const { name: engineName } = await context.engine();
    context.output.warn(
      interruptedWords(command, { planning: shown.view.planning, atOnce: interrupts.stopNow.aborted, engineName }),
    );
  }
  const code = interrupts.interrupted ? exitCode.interrupted : exitCode.failed;
  if (context.output.json)
    context.output.document({
      ...(await operationDocument(context, command, shown)),
      // What was interrupted may have done all that had begun.
      succeeded: false,
      exitCode: code,
    });
  throw new Exit(code);
}

/** The situation after Ctrl-C while planning, and how to continue. */
export function interruptedPlanWords(command: string): string {
  return `Interrupted while planning: nothing in the swarm was changed. Run \`${advised(command)}\` to start again.`;
}

/**
 * The situation after Ctrl-C, and how to continue.
 *
 * @param command - the one that was interrupted
 */
export function interruptedWords(
  command: string,
  { planning, atOnce, engineName }: { planning: boolean; atOnce: boolean; engineName: StackEngine["name"] },
): string {
  if (planning) return interruptedPlanWords(command);
  const again = `\`${advised(command)}\``;
  if (!atOnce)
    return `Interrupted: operations that had started are finished and in the state; the rest were not started. Run ${again} to continue.`;
  if (engineName === "embedded")
    return `Interrupted: the state records what was in progress. Run ${again} to find out how that ended, and continue.`;
  // Its state says nothing of what came of a pending operation, so that a plan may call it unchanged.
  const found = command === "up" ? `\`${advised("up", "--refresh")}\`` : `\`${advised("refresh")}\``;
  return `Interrupted: Pulumi's state records what was in progress, but not how it ended. Run ${found} to find out${command === "up" ? ", and continue" : ""}.`;
}

/** What `--json` says of an operation that was carried out. */
export async function operationDocument(context: CommandContext, operation: string, shown: ShownOperation) {
  const engine = await context.engine();
  const { diagnostics = [], duration } = previewDigest(shown.events);
  return {
    operation,
    engine: engine.name,
    succeeded: shown.succeeded,
    changeSummary: shown.changes,
    diagnostics,
    durationSeconds: duration / 1e9,
    outputs: await engine.outputs(context.location, false),
  };
}

/**
 * Says which engine runs, and opens the stack where that is the embedded one.
 *
 * @param changes - whether the state is changed: then a lock of another run is reported first
 */
export async function beginOperation(context: CommandContext, { changes }: { changes: boolean }): Promise<void> {
  if (changes) await (await context.stack()).requireUnlocked();
  const { name } = await context.engine();
  context.output.print(name === "pulumi" ? "Engine: the Pulumi CLI" : "Engine: embedded", "");
  // An opened stack derives the key of its secrets, which takes long, while the engine is loaded.
  if (name === "embedded") await context.stack();
}
