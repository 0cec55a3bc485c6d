import { openContext, type StackOptions } from "../context.ts";
import { previewDigest, streamedEvent } from "../display/preview-digest.ts";
import type { PolicyPack } from "../engines/engine.ts";
import { showImpact } from "../data-gate.ts";
import { Exit, exitCode } from "../exit-code.ts";
import { findEngineToRead, providerHost } from "../find-swarm.ts";
import { listenForInterrupts } from "../interrupts.ts";
import { beginOperation, plan } from "../operation.ts";
import { requirePins } from "../pin-check.ts";

/** Pulumi's own switch for a stream of events in place of one document. */
const streaming = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW";

/** `holdfast preview`: what `up` would do. */
export async function preview(options: StackOptions & { diff?: true; policyPacks: PolicyPack[] }): Promise<void> {
  const context = openContext(options);
  const { output } = context;
  await beginOperation(context);
  using interrupts = listenForInterrupts(output.warn);
  const connection = await findEngineToRead(context);
  const settings = {
    interrupts,
    dockerHost: providerHost(connection),
    policyPacks: options.policyPacks,
    diff: options.diff ?? false,
    includeProtected: [],
  };
  const outcome = await plan(context, "update", settings);
  // A preview that was interrupted lacks steps, and one for a program is what Pulumi prints.
  if (!output.json && !interrupts.interrupted) await showImpact(context, outcome, connection);
  if (output.json) {
    if (isTruthy(process.env[streaming])) outcome.events.map(streamedEvent).forEach(output.documentLine);
    else output.document(previewDigest(outcome.events));
  }
  if (interrupts.interrupted) throw new Exit(exitCode.interrupted);
  if (!outcome.succeeded) throw new Exit(exitCode.failed);
  await requirePins(context, outcome, connection);
}

/** As Pulumi reads switches in the environment (sdk/go/common/util/cmdutil, `IsTruthy`). */
function isTruthy(value: string | undefined): boolean {
  return value === "1" || value?.toLowerCase() === "true";
}
