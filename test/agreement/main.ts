import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pLimit from "p-limit";

import { compareCase, recordedCases } from "./agreement.ts";

// `npm run agreement [-- --from DIR]`: whether the embedded engine plans what Pulumi planned, case by case.
const { values, positionals } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
const recordings = values.from ?? join(import.meta.dirname, "../data/recordings");
const names = positionals.length > 0 ? positionals : recordedCases(recordings);

/** Each case runs a program of its own; more than the machine has processors would only wait. */
const limit = pLimit(availableParallelism());
const outcomes = await Promise.all(
  names.map((name) =>
    limit(async () => {
      const differences = await compareCase(recordings, name);
      console.log(
        [`${differences.length === 0 ? "agrees" : "DIFFERS"}  ${name}`, ...differences].join("\n           "),
      );
      return differences.length === 0;
    }),
  ),
);
const agreeing = outcomes.filter(Boolean).length;
console.log(`${agreeing} of ${names.length} agree`);
process.exitCode = agreeing === names.length ? 0 : 1;
