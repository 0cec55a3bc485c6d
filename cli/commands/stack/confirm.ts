import type { CommandContext } from "../../context/context.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { canAsk, requireName, requireYes, whyNotAsked } from "../../terminal/prompt.ts";
import { needsConfirmation } from "./confirmation.ts";
import type { ShownOperation } from "./operation.ts";

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
  const unasked = whyNotAsked(output);
  if (unasked !== undefined)
    throw new NotConfirmed(previewDigest(planned.events), {
      path: command,
      expected: "a yes for a plan that changes or removes what exists",
      got: unasked,
      fix: "Read the plan, then run it again with --yes",
    });
  await requireYes(`Do you want to do this to the stack ${location.stackName}?`, output);
}

/**
 * Gets the name of everything that dies with its data; the plan has been shown. A yes is not enough: `--yes` goes with the names
 * on the command line, and on a terminal they are typed.
 *
 * @throws NotConfirmed where a name is missing and nobody can be asked, Exit where another is typed
 */
export async function confirmLoss(
  { output }: CommandContext,
  { dying, named, yes, planned }: { dying: string[]; named: string[]; yes: boolean; planned: ShownOperation },
): Promise<void> {
  const unnamed = dying.filter((name) => !named.includes(name));
  if (yes && unnamed.length === 0) return;
  if (yes || output.json || !canAsk())
    throw new NotConfirmed(previewDigest(planned.events), {
      path: "down",
      expected: "the name of everything that dies with its data, and a yes",
      got: unnamed.length > 0 ? `no ${unnamed.join(", no ")}` : "no terminal to ask on",
      fix: `Read the plan, then run it again with --yes ${dying.map((name) => `--delete-data ${name}`).join(" ")}`,
    });
  for (const name of dying) await requireName(name, output);
}
