import type { PolicyPackChoice } from "../../../engine/policy/pack.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { findEngineToRead, providerHost } from "../../context/find-swarm.ts";
import { previewDigest, streamedEvent } from "../../display/preview-digest.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { listenForInterrupts } from "../../terminal/interrupts.ts";
import { changesNothing } from "./confirmation.ts";
import { judgeLive, planOf, requireProtectedKept, requireRoom, showImpact } from "./data-gate.ts";
import { leftLine, lookForLeft } from "./left-services.ts";
import { answersNow, repairAdvice, showLive } from "./live-look.ts";
import { nodePattern, requireFreeNames } from "./name-check.ts";
import { beginOperation, interruptedPlanWords, plan } from "./operation.ts";
import { requirePins } from "./pin-check.ts";

/** Pulumi's own switch for a stream of events in place of one document. */
const streaming = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW";

/** Options of `holdfast preview`. */
export interface PreviewOptions extends StackOptions {
  diff?: true;
  refresh?: true;
  expectNoChanges?: true;
  /** The address of each node's engine, with `{hostname}` or `{address}` in it. */
  nodes?: string;
  policyPacks: PolicyPackChoice[];
}

/** `holdfast preview`: what `up` would do, and what of the stack is not as the state says. */
export async function preview(options: PreviewOptions): Promise<void> {
  const context = openContext(options);
  const { output } = context;
  await beginOperation(context, { changes: false });
  using interrupts = listenForInterrupts(output.warn);
  const connection = await findEngineToRead(context);
  const settings = {
    interrupts,
    dockerHost: providerHost(connection),
    policyPacks: options.policyPacks,
    diff: options.diff ?? false,
    includeProtected: [],
    refresh: options.refresh ?? false,
    look: answersNow(connection),
  };
  const outcome = await plan(context, "update", settings);
  // A preview that was interrupted lacks steps.
  const isWhole = !interrupts.interrupted;
  const { drift, idle, unknown } =
    isWhole && outcome.succeeded ? await showLive(context, outcome, connection) : { drift: [], idle: [], unknown: [] };
  if (drift.length > 0 && !options.refresh) output.print(repairAdvice(), "");
  const left = isWhole && outcome.seen !== undefined ? await lookForLeft(context, connection) : [];
  if (left.length > 0) output.print(...left.map(leftLine), "");
  // One for a program is what Pulumi prints.
  const nodes = await nodePattern(context, options.nodes);
  const program = await planOf(context, outcome);
  const impact = isWhole ? await judgeLive(program, connection, { nodes, signal: interrupts.stopSoon }) : undefined;
  // What is refused here is said once, and is the one document.
  if (impact !== undefined && outcome.succeeded) {
    await requireFreeNames(context, outcome, connection, nodes);
    await requirePins(program, connection);
    requireRoom(impact);
  }
  if (!output.json && impact !== undefined) showImpact(context, impact);
  if (options.expectNoChanges && isWhole && outcome.seen === undefined) throw notLookedAt(connection, outcome.unseen);
  if (output.json) {
    if (isTruthy(process.env[streaming])) outcome.events.map(streamedEvent).forEach(output.documentLine);
    else
      output.document({
        ...previewDigest(outcome.events),
        ...(drift.length > 0 && { drift }),
        ...(left.length > 0 && { left }),
        ...(unknown.length > 0 && { notInState: unknown }),
      });
  }
  if (!isWhole) {
    output.warn(interruptedPlanWords("preview"));
    throw new Exit(exitCode.interrupted);
  }
  if (!outcome.succeeded) {
    requireProtectedKept(program);
    throw new Exit(exitCode.failed);
  }
  const isQuiet = changesNothing(outcome.changes) && drift.length === 0 && idle.length === 0 && left.length === 0;
  if (options.expectNoChanges && !isQuiet) throw new Exit(exitCode.changesFound);
}

function notLookedAt({ setting, host }: EngineConnection, unseen = "the reason is unknown"): SituationError {
  return new SituationError({
    what: `--expect-no-changes could not check what is deployed at ${setting} (${host}): ${unseen}`,
    fix: "Start that Docker engine, or name another one with DOCKER_HOST",
  });
}

/** As Pulumi reads switches in the environment (sdk/go/common/util/cmdutil, `IsTruthy`). */
function isTruthy(value: string | undefined): boolean {
  return value === "1" || value?.toLowerCase() === "true";
}
