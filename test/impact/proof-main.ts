// `npm run impact-proof [-- --pairs N --seed S --parallel P] [CHANGE...]`: every single change, and pairs of them, against a real swarm.
// `npm run impact-proof -- --nodes [CHANGE...]`: changes on a swarm of three nodes, also with a node that is drained or lost.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startLab, stopLab, type LabOptions } from "../../lab/lab.ts";
import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { prove, provenChanges, randomPairs, type Proof } from "./proof.ts";
import { nodeChanges, proofSwarmOf, putOutOfOrder, type NodeChange } from "./proof-nodes.ts";

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: "string", default: "60" },
    seed: { type: "string", default: "7" },
    parallel: { type: "string", default: "2" },
    nodes: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const directory = mkdtempSync(join(tmpdir(), "holdfast-impact-proof-"));
const cacheDirectory = join(import.meta.dirname, "../../.holdfast/cache");
const proofs: Proof[] = [];
const failures: string[] = [];
const changes = values.nodes ? await proveAcrossNodes() : await proveOnOneNode();

async function proveOnOneNode(): Promise<readonly string[]> {
  const all = [...provenChanges, ...randomPairs(Number(values.pairs), Number(values.seed))];
  const chosen = positionals.length > 0 ? positionals : all;
  const sandbox = await startSandbox({ directory, cacheDirectory, network: "namespace" });
  try {
    const queue = [...chosen];
    await Promise.all(
      Array.from({ length: Number(values.parallel) }, async (_, slot) => {
        for (let change = queue.shift(); change !== undefined; change = queue.shift())
          await attempt(change, prove(sandbox, change, slot));
      }),
    );
  } finally {
    await stopSandbox(directory);
  }
  return chosen;
}

async function proveAcrossNodes(): Promise<readonly string[]> {
  const name = ({ change, node }: NodeChange): string => (node === undefined ? change : `${change} (node ${node})`);
  const chosen = nodeChanges.filter(({ change }) => positionals.length === 0 || positionals.includes(change));
  const options: LabOptions = { directory, cacheDirectory, heartbeatSeconds: 2, disks: false };
  try {
    const lab = await startLab(options);
    for (const each of chosen) {
      const { change, node } = each;
      const beforehand = node && ((): ReturnType<typeof putOutOfOrder> => putOutOfOrder(lab, options, node));
      await attempt(name(each), prove(proofSwarmOf(lab), change, 0, beforehand));
    }
  } finally {
    await stopLab(directory);
  }
  return chosen.map(name);
}

async function attempt(change: string, proving: Promise<Proof>): Promise<void> {
  try {
    const proof = { ...(await proving), change };
    proofs.push(proof);
    console.log(line(proof));
  } catch (error) {
    failures.push(change);
    console.log(`ERROR      ${change}: ${error instanceof Error ? error.message : String(error)}`);
  }
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
  const { leastSeconds = 0, mostSeconds } = verdict?.outage ?? {};
  const outage =
    fact.outageSeconds === undefined
      ? ""
      : `, outage ${fact.outageSeconds.toFixed(1)} s (${leastSeconds} to ${mostSeconds ?? "…"}${isOutageRight === false ? ", WRONG" : ""})`;
  const seen = `${fact.isSameTask ? "same task" : "other task"}, key ${fact.key}, ${fact.isOnVolume ? "" : "not "}on the volume${fact.succeeded ? "" : ", up failed"}`;
  return `${isRight ? "right" : "WRONG"}  ${change}: ${fate}, ${verdict?.taskEffect ?? "no service"}; ${seen}${outage}`;
}
