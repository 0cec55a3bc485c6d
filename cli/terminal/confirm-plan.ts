import { NotConfirmed } from "./failure.ts";
import type { Output } from "./output.ts";
import { requireYes, whyNotAsked } from "./prompt.ts";

/** A plan that has been shown, and waits for its yes. */
export interface PlanToConfirm {
  /** The plan as a document, for the answer to `--json`. */
  readonly plan: () => object;
  /** What an error says where nobody can be asked, before "but": `The restore needs confirmation`. */
  readonly need: string;
  readonly question: string;
}

/**
 * Gets a yes for a plan that has been shown.
 *
 * @throws NotConfirmed where there is no one to ask, Exit where the answer is no
 */
export async function confirmPlan({ plan, need, question }: PlanToConfirm, output: Output): Promise<void> {
  const unasked = whyNotAsked(output);
  if (unasked !== undefined)
    throw new NotConfirmed(plan(), {
      what: `${need}, but ${unasked}`,
      fix: "Review the plan, then re-run with --yes",
    });
  await requireYes(question, output);
}
