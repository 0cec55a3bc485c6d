import { errorWords } from "../../../text/error-text.ts";
import type { Lab } from "../../../lab/lab.ts";
import { sharedLab } from "../../support/lab.ts";
import { stopThrowaways } from "../../support/throwaway.ts";
import type { Summary } from "../damage-proof.ts";
import { BackedUpService } from "./backed-up-service.ts";

/** One trial of a proof. */
export interface Trial {
  readonly title: string;
  /** @returns what was seen; throws what is wrong */
  run(lab: Lab, backed: BackedUpService): Promise<string>;
}

/** Makes trials on a lab of their own, one after the other, with a service that is backed up; the lab is whole before each. */
export async function tryOnLab(parts: Readonly<Record<string, readonly Trial[]>>): Promise<readonly Summary[]> {
  try {
    const lab = await sharedLab();
    const backed = await BackedUpService.create(lab);
    const summaries: Summary[] = [];
    for (const [what, trials] of Object.entries(parts)) {
      let right = 0;
      for (const trial of trials) {
        await sharedLab();
        await trial.run(lab, backed).then(
          (seen) => {
            right += 1;
            console.log(`survived  ${trial.title}: ${seen}`);
          },
          (error: unknown) => {
            console.log(`LOST      ${trial.title}: ${errorWords(error)}`);
          },
        );
      }
      summaries.push({ isRight: right === trials.length, words: `${right} of ${trials.length} ${what}` });
    }
    await sharedLab();
    await backed.remove();
    return summaries;
  } finally {
    await stopThrowaways();
  }
}
