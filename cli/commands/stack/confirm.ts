import type { CommandContext } from "../../context/context.ts";
import { previewDigest } from "../../display/preview-digest.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { requireName, whyNotAsked } from "../../terminal/prompt.ts";
import { needsConfirmation } from "./confirmation.ts";
import type { ShownOperation } from "./operation.ts";

/**
 * Gets a yes for a plan that changes or removes something that exists; the plan has been shown.
 *
 * @throws NotConfirmed where there is no one to ask, Exit where the answer is no
 */
export async function confirm(
  { output, location }: CommandContext,
  { yes, planned }: { yes: boolean; planned: ShownOperation },
): Promise<void> {
  if (yes || !needsConfirmation(planned.changes)) return;
  await confirmPlan(
    {
      plan: () => previewDigest(planned.events),
      need: "This plan changes or deletes existing resources and needs confirmation",
      question: `Do you want to apply this plan to the stack ${location.stackName}?`,
    },
    output,
  );
}

/**
 * Gets the name of everything that is deleted with its data; the plan has been shown. A yes is not enough: `--yes` needs the names
 * on the command line, and on a terminal they are typed.
 *
 * @throws NotConfirmed where a name is missing and there is no one to ask, Exit where another is typed
 */
export async function confirmLoss(
  { output }: CommandContext,
  { dying, named, yes, planned }: { dying: string[]; named: string[]; yes: boolean; planned: ShownOperation },
): Promise<void> {
  const unnamed = dying.filter((name) => !named.includes(name));
  if (yes && unnamed.length === 0) return;
  const unasked = whyNotAsked(output);
  if (yes || unasked !== undefined)
    throw new NotConfirmed(previewDigest(planned.events), {
      what:
        unnamed.length > 0
          ? `This plan deletes data that --delete-data does not name: ${unnamed.join(", ")}`
          : `This plan deletes the data of ${dying.join(", ")} and needs confirmation, but ${unasked ?? ""}`,
      fix: `Review the plan, then re-run with --yes ${dying.map((name) => `--delete-data ${name}`).join(" ")}`,
    });
  for (const name of dying) await requireName(name, output);
}
