import { advised } from "../../../text/advised-command.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { findEngineToRead, providerHost } from "../../context/find-swarm.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { listenForInterrupts } from "../../terminal/interrupts.ts";
import { driftLines, driftOf } from "./drift.ts";
import { beginOperation, operationDocument, plan, requireSuccess, run } from "./operation.ts";

/** `holdfast refresh`: updates the state to match what is deployed. */
export async function refresh(options: StackOptions & { diff?: true; previewOnly?: true }): Promise<void> {
  const context = openContext(options);
  const { output } = context;
  await beginOperation(context, { changes: !options.previewOnly });
  using interrupts = listenForInterrupts(output.warn, advised("refresh"));
  const settings = {
    interrupts,
    dockerHost: providerHost(await findEngineToRead(context)),
    policyPacks: [],
    diff: options.diff ?? false,
    includeProtected: [],
  };
  const outcome = await (options.previewOnly ? plan : run)(context, "refresh", settings);
  await requireSuccess(context, "refresh", outcome, settings);
  const drift = driftOf(outcome.events);
  const code = options.previewOnly && drift.length > 0 ? exitCode.changesFound : exitCode.done;
  output.print(...driftLines(drift));
  if (output.json)
    output.document({
      ...(await operationDocument(context, "refresh", outcome)),
      drift,
      ...(code > 0 && { exitCode: code }),
    });
  if (code > 0) throw new Exit(code);
}
