import type { CommandContext } from "./context.ts";
import { needsConfirmation } from "./confirmation.ts";
import { previewDigest } from "./display/preview-digest.ts";
import { Exit, exitCode } from "./exit-code.ts";
import { NotConfirmed } from "./failure.ts";
import type { ShownOperation } from "./operation.ts";
import { askYesNo, canAsk } from "./prompt.ts";

/**
 * Gets a yes for a plan that changes or removes something that exists; the plan has been shown.
 *
 * @throws NotConfirmed where nobody can be asked, Exit where the answer is no
 */
export async function confirm(
  { output, location }: CommandContext,
  { command, yes, planned }: { command: string; yes: boolean; planned: ShownOperation },
): Promise<void> {
  if (yes || !needsConfirmation(planned.changes)) return;
  if (output.json || !canAsk())
    throw new NotConfirmed(previewDigest(planned.events), {
      path: command,
      expected: "a yes for a plan that changes or removes what exists",
      got: output.json ? "--json, which asks nothing" : "no terminal to ask on",
      fix: "Read the plan, then run it again with --yes",
    });
  if (await askYesNo(`Do you want to do this to the stack ${location.stackName}?`)) return;
  output.print("Nothing has been changed.");
  throw new Exit(exitCode.notConfirmed);
}
