/** `npm run backup-proof -- faults [--only WORDS] [--seed S]`: who takes part in a backup or a restore is killed or stopped at each step of it, disks fill up, clocks jump. */
import pLimit from "p-limit";
import { errorWords } from "../../../text/error-text.ts";
import type { Summary } from "../damage-proof.ts";
import { draws } from "../random.ts";
import { Recording } from "../recording.ts";
import { companionStepFaults } from "./at-steps.ts";
import { circumstances } from "./circumstances.ts";
import type { Fault } from "./fault.ts";
import { TaskFaults } from "./tasks.ts";

/** So many of them run beside each other: much of their time they wait. */
const atOnce = 3;

/** A run with fewer of them proves too little. */
const leastFaults = 150;

/** Lets all faults happen whose title has these words. */
export async function proveFaults(seed: number, only: string): Promise<Summary> {
  let [survived, happened] = [0, 0];
  const limit = pLimit(atOnce);
  const tryOne = async (fault: Fault): Promise<void> => {
    const { title } = fault;
    if (!title.includes(only)) return;
    const wrong = await fault.survive().catch(errorWords);
    if (wrong === undefined) {
      console.log(`not met   ${title}`);
      return;
    }
    happened += 1;
    survived += wrong === "" ? 1 : 0;
    console.log(
      wrong === "" ? `survived  ${title}` : `LOST      ${title}: ${wrong} (again: --only '${title}' --seed ${seed})`,
    );
  };
  const draw = draws(seed);
  const recording = await Recording.ofShortLog({ hasOwnHostnames: true });
  try {
    const tasks = await TaskFaults.create(recording, draw);
    const others = [...circumstances, ...(await companionStepFaults(draw))];
    const beside = others.map((fault) => limit(() => tryOne(fault)));
    // They share one recording, and so they run one after the other.
    for (const fault of tasks.faults) await tryOne(fault);
    await Promise.all(beside);
  } finally {
    await recording.rig[Symbol.asyncDispose]();
  }
  return {
    isRight: survived === happened && happened >= (only === "" ? leastFaults : 1),
    words: `${survived} of ${happened} faults survived: nothing lost, the next run goes on, one service with all data (seed ${seed})`,
  };
}
