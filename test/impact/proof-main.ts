// `npm run impact-proof [-- --pairs N --seed S --parallel P] [CHANGE...]`: every single change, and pairs of them, against a real swarm.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { prove, provenChanges, randomPairs, type Proof } from "./proof.ts";

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: "string", default: "60" },
    seed: { type: "string", default: "7" },
    parallel: { type: "string", default: "2" },
  },
  allowPositionals: true,
});
const changes =
  positionals.length > 0 ? positionals : [...provenChanges, ...randomPairs(Number(values.pairs), Number(values.seed))];
const directory = mkdtempSync(join(tmpdir(), "holdfast-impact-proof-"));
const cacheDirectory = join(import.meta.dirname, "../../.holdfast/cache");
const sandbox = await startSandbox({ directory, cacheDirectory, network: "namespace" });
const proofs: Proof[] = [];
const failures: string[] = [];
try {
  const queue = [...changes];
  await Promise.all(
    Array.from({ length: Number(values.parallel) }, async (_, slot) => {
      for (let change = queue.shift(); change !== undefined; change = queue.shift()) {
        try {
          const proof = await prove(sandbox, change, slot);
          proofs.push(proof);
          console.log(line(proof));
        } catch (error) {
          failures.push(change);
          console.log(`ERROR      ${change}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }),
  );
} finally {
  await stopSandbox(directory);
}

const right = proofs.filter(({ isRight }) => isRight).length;
const measured = proofs.filter(({ isOutageRight }) => isOutageRight !== undefined);
const predicted = measured.filter(({ isOutageRight }) => isOutageRight).length;
console.log(
  `verdicts: ${right} of ${changes.length} right${failures.length > 0 ? `, ${failures.length} could not be tried` : ""} (seed ${values.seed})`,
);
console.log(`outages: ${predicted} of ${measured.length} within the range that was expected`);
process.exitCode = right === changes.length && predicted >= measured.length * 0.9 ? 0 : 1;

function line({ change, fate, verdict, fact, isRight, isOutageRight }: Proof): string {
  const { leastSeconds = 0, mostSeconds = 0 } = verdict?.outage ?? {};
  const outage =
    fact.outageSeconds === undefined
      ? ""
      : `, outage ${fact.outageSeconds.toFixed(1)} s (${leastSeconds} to ${mostSeconds}${isOutageRight === false ? ", WRONG" : ""})`;
  const seen = `${fact.isSameTask ? "same task" : "other task"}, key ${fact.key}, ${fact.isOnVolume ? "" : "not "}on the volume${fact.succeeded ? "" : ", up failed"}`;
  return `${isRight ? "right" : "WRONG"}  ${change}: ${fate}, ${verdict?.taskEffect ?? "no service"}; ${seen}${outage}`;
}
