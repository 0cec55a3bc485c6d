import { join } from "node:path";
import { parseArgs } from "node:util";

import { compareCase, recordedCases } from "./agreement.ts";

// `npm run agreement [-- --from DIR]`: whether the embedded engine plans what Pulumi planned, case by case.
const { values, positionals } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
const recordings = values.from ?? join(import.meta.dirname, "../data/recordings");
const names = positionals.length > 0 ? positionals : recordedCases(recordings);

let agreeing = 0;
for (const name of names) {
  const differences = await compareCase(recordings, name);
  if (differences.length === 0) agreeing += 1;
  console.log(`${differences.length === 0 ? "agrees" : "DIFFERS"}  ${name}`);
  for (const difference of differences) console.log(`           ${difference}`);
}
console.log(`${agreeing} of ${names.length} agree`);
process.exitCode = agreeing === names.length ? 0 : 1;
