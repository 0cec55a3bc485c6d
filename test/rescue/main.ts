// `npm run rescue-proof`: every loss of the tutorial's kind, with each way of keeping data, lost and rescued on a swarm of three nodes.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLab, stopLab } from "../../lab/lab.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { losses } from "./losses.ts";
import { persistences, proveRescue } from "./proof.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-rescue-proof-"));
const cacheDirectory = join(import.meta.dirname, "../../.holdfast/cache");
const lab = await startLab({ directory, cacheDirectory, heartbeatSeconds: 2, disks: false });
let restored = 0;
let tried = 0;
try {
  for (const persistence of Object.keys(persistences) as (keyof typeof persistences)[]) {
    for (const loss of losses) {
      tried += 1;
      try {
        await proveRescue(lab, loss, persistence);
        restored += 1;
        console.log(`restored  ${loss.title} (${persistence})`);
      } catch (error) {
        console.log(
          `LOST      ${loss.title} (${persistence}): ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    // The second half is done with a node that is lost.
    await killNode(directory, "node-3");
  }
} finally {
  await stopLab(directory);
}
console.log(`${restored} of ${tried} restored byte for byte, original untouched`);
process.exitCode = restored === tried ? 0 : 1;
