import { openContext, type StackOptions } from "../context.ts";
import { findEngineToRead, providerHost } from "../find-swarm.ts";
import { listenForInterrupts } from "../interrupts.ts";
import { beginOperation, operationDocument, plan, requireSuccess, run } from "../operation.ts";

/** `holdfast refresh`: takes over into the state what is really there. */
export async function refresh(options: StackOptions & { diff?: true; previewOnly?: true }): Promise<void> {
  const context = openContext(options);
  const { output } = context;
  await beginOperation(context);
  using interrupts = listenForInterrupts(output.warn);
  const settings = {
    interrupts,
    dockerHost: providerHost(await findEngineToRead(context)),
    policyPacks: [],
    diff: options.diff ?? false,
    includeProtected: [],
  };
  const outcome = await (options.previewOnly ? plan : run)(context, "refresh", settings);
  await requireSuccess(context, "refresh", outcome, settings);
  if (output.json) output.document(await operationDocument(context, "refresh", outcome));
}
