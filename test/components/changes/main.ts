// `npm run changes [-- --changes N --seed S --profile P …]`: changes of arguments in random order, under writers, on a throwaway swarm.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSandbox, stopSandbox } from "../../../lab/sandbox.ts";
import { RedisPersistence } from "../../../model/redis/persistence.ts";
import { oneOf } from "../../../text/one-of.ts";
import { type Change, changesOf, inRandomOrder } from "./changes.ts";
import { makeMaterial, type Outcome, StoreUnderChange } from "./proof.ts";

const { values } = parseArgs({
  options: {
    changes: { type: "string", default: "50" },
    seed: { type: "string", default: "7" },
    profile: { type: "string", multiple: true, default: ["durable", "balanced"] },
  },
});
const count = Number(values.changes);
const profiles = values.profile.map((profile) => oneOf(RedisPersistence)(profile, "--profile"));
const directory = mkdtempSync(join(tmpdir(), "holdfast-changes-"));
const cacheDirectory = join(import.meta.dirname, "../../../.holdfast/cache");
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void stopSandbox(directory).finally(() => process.exit(1));
  });

/** Makes the changes one after the other, and tells of each. */
async function run(
  start: () => Promise<StoreUnderChange>,
  name: string,
  changes: readonly Change[],
): Promise<{ outcomes: readonly Outcome[]; summary: string }> {
  const store = await start();
  try {
    const outcomes: Outcome[] = [];
    for (const change of changes) {
      const outcome = await store.change(change);
      outcomes.push(outcome);
      console.log(`${name}  ${outcomes.length} of ${changes.length}  ${line(outcome)}`);
    }
    const lost = outcomes.reduce((sum, outcome) => sum + outcome.lost, 0);
    const summary = `${name}: ${outcomes.length} of ${changes.length} changes, ${lost} acknowledged writes lost of ${store.acknowledged}`;
    return { outcomes, summary };
  } finally {
    await store.remove();
  }
}

function line({ kind, gapSeconds, lost, refused, isTaskRight }: Outcome): string {
  const wrong = [
    ...(isTaskRight ? [] : ["the task was WRONGLY kept or replaced"]),
    ...(refused === 0 ? [] : [`${refused} clients were REFUSED`]),
  ];
  return [`${kind}: ${gapSeconds.toFixed(1)} s without a write`, `${lost} lost`, ...wrong].join(", ");
}

try {
  const swarm = await startSandbox({ directory, cacheDirectory, network: "namespace" });
  const material = await makeMaterial(swarm, cacheDirectory);
  const all = changesOf(material);
  const runs = profiles.map((profile, index) => {
    const changes = inRandomOrder(all, count, Number(values.seed) + index);
    return run(() => StoreUnderChange.start(swarm, material, profile, 20_000 + 2 * index), profile, changes);
  });
  const proofs = await Promise.all(runs);
  // A check that cannot fail proves nothing.
  const cacheChanges = all.filter(({ kind }) => kind === "memory limit" || kind === "image");
  const startCache = () => StoreUnderChange.start(swarm, material, RedisPersistence.cache, 20_100);
  const control = await run(startCache, "cache (control)", cacheChanges);

  const outcomes = proofs.flatMap((proof) => proof.outcomes);
  console.log("\nthe longest time without a write, in seconds:");
  for (const { kind } of all) {
    const gaps = outcomes.filter((outcome) => outcome.kind === kind).map(({ gapSeconds }) => gapSeconds);
    if (gaps.length > 0) console.log(`| ${kind} | ${Math.max(...gaps).toFixed(1)} | ${gaps.length} |`);
  }
  for (const { summary } of [...proofs, control]) console.log(summary);
  const isProof =
    outcomes.every(({ lost, refused, isTaskRight }) => lost === 0 && refused === 0 && isTaskRight) &&
    control.outcomes.every(({ lost }) => lost > 0);
  process.exitCode = isProof ? 0 : 1;
} finally {
  await stopSandbox(directory);
}
