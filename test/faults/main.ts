import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";

import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { describeFault, portions, trialsOf, type Trial } from "./fault-plan.ts";
import { FaultStack, scenarios, type FaultEngine, type Scenario } from "./faults.ts";

// `npm run faults [-- SCENARIO …]`: every fault in every scenario, on a throwaway swarm.
const wanted = process.argv.slice(2);

/** Faults that one stack goes through; short, so that the stacks that run beside each other end together. */
const trialsPerStack = 16;

/** Much of the time is spent waiting for Swarm, so more than the processors can do at once. */
const stacksAtOnce = 2 * availableParallelism();

/** What may go wrong in a scenario, found out by letting nothing go wrong. */
async function rehearse(scenario: Scenario, engine: FaultEngine): Promise<Trial[]> {
  const stack = await FaultStack.create(engine, scenario.withService);
  try {
    return trialsOf(scenario, await stack.passedPoints(scenario));
  } finally {
    await stack.remove();
  }
}

async function survived(trials: readonly Trial[], engine: FaultEngine): Promise<boolean[]> {
  const withService = trials.some(({ scenario }) => scenario.withService);
  const stack = await FaultStack.create(engine, withService);
  const outcomes: boolean[] = [];
  try {
    for (const { scenario, fault } of trials) {
      const wrong = await stack.survive(scenario, fault).catch((error: unknown) => [String(error)]);
      const verdict = wrong.length === 0 ? "survived" : "LOST    ";
      console.log([`${verdict}  ${scenario.name}: ${describeFault(fault)}`, ...wrong].join("\n          "));
      outcomes.push(wrong.length === 0);
    }
    return outcomes;
  } finally {
    await stack.remove();
  }
}

async function tryAll(engine: FaultEngine): Promise<boolean[]> {
  const limit = pLimit(stacksAtOnce);
  const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const trials = await Promise.all(chosen.map((scenario) => limit(() => rehearse(scenario, engine))));
  console.log(`${trials.flat().length} faults in ${chosen.length} scenarios`);
  // Creation and destruction share their stacks.
  const journeys = Map.groupBy(trials.flat(), ({ scenario: { name } }) => name.replace(/^(create|destroy)\b/, "live"));
  const turns = [...journeys.values()]
    .flatMap((journey) => portions(journey, trialsPerStack).map((portion, turn) => ({ portion, turn })))
    // What waits for Swarm runs beside what needs the processors.
    .toSorted((one, other) => one.turn - other.turn);
  const outcomes = await Promise.all(turns.map(({ portion }) => limit(() => survived(portion, engine))));
  return outcomes.flat();
}

const directory = await mkdtemp(join(tmpdir(), "holdfast-faults-"));
const sandboxDirectory = join(directory, "sandbox");
const cleanUp = async (): Promise<void> => {
  await stopSandbox(sandboxDirectory);
  // A stack that is still at work may write while its folder goes.
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
};
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void cleanUp().finally(() => process.exit(1));
  });
try {
  const sandbox = await startSandbox({
    directory: sandboxDirectory,
    network: "namespace",
    cacheDirectory: join(import.meta.dirname, "../../.holdfast/cache"),
  });
  const outcomes = await tryAll({ dockerHost: sandbox.dockerHost, image: sandbox.redisImage, directory });
  const count = outcomes.filter(Boolean).length;
  console.log(`${count} of ${outcomes.length} survived`);
  process.exitCode = count === outcomes.length ? 0 : 1;
} finally {
  await cleanUp();
}
