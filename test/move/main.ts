// `npm run move-proof [-- moves [N] [BYTES] | faults [N]] [--seed S]`: whether a move loses a write that was acknowledged, for how long nothing can be written, and what comes of it when any part is killed.
import { parseArgs } from "node:util";
import { parseSize } from "../../text/byte-size.ts";
import { sharedLab } from "../support/lab.ts";
import { stopThrowaways } from "../support/throwaway.ts";
import { proveFaults } from "./faults.ts";
import { proveMoves } from "./moves.ts";

const { values, positionals } = parseArgs({
  options: { seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const [part = "moves", count = "6", size = "10M"] = positionals;
const wanted = Number(count);
let right = 0;

/** A move may take this much longer than the replacement of a task. */
const allowanceMs = 1000;

async function moves(): Promise<string> {
  const over: number[] = [];
  await proveMoves(
    await sharedLab(),
    { moves: wanted, bytes: parseSize(size, "size") },
    (number, { lost, acknowledged, replacedMs, movedMs, exitCode, words }) => {
      const isRight = lost === 0 && exitCode === 0 && words === "";
      if (isRight) right += 1;
      over.push(movedMs - replacedMs);
      console.log(
        `${isRight ? "ok   " : "WRONG"} move ${number}: ${lost} of ${acknowledged} acknowledged writes lost; ${seconds(movedMs)} without a write, ${seconds(replacedMs)} when the task was replaced in place${words === "" ? "" : `\n${words}`}`,
      );
    },
  );
  over.sort((one, other) => one - other);
  const within = over.filter((milliseconds) => milliseconds <= allowanceMs).length;
  console.log(
    `${within} of ${wanted} within 1 s of a replacement: ${seconds(over[Math.floor(over.length / 2)] ?? 0)} longer in the median, ${seconds(over.at(-1) ?? 0)} at most`,
  );
  return `${right} of ${wanted} moves lost nothing`;
}

async function faults(): Promise<string> {
  await proveFaults(await sharedLab(), { faults: wanted, seed: Number(values.seed) }, (number, { title, wrong }) => {
    if (wrong === undefined) right += 1;
    console.log(
      `${wrong === undefined ? "ok   " : "WRONG"} fault ${number}: ${title}${wrong === undefined ? "" : `: ${wrong}`}`,
    );
  });
  return `${right} of ${wanted} faults ended with one running service and all data`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

try {
  console.log(part === "faults" ? await faults() : await moves());
  process.exitCode = right === wanted ? 0 : 1;
} finally {
  await stopThrowaways();
}
