import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { describeFault, faultsFor } from "./fault-plan.ts";
import { FaultStack, scenarios, type FaultEngine, type Scenario } from "./faults.ts";

// `npm run faults [-- SCENARIO …]`: every fault in every scenario, on a throwaway swarm.
const wanted = process.argv.slice(2);
const directory = join(tmpdir(), `holdfast-faults-${process.pid}`);

async function tryScenario(scenario: Scenario, engine: FaultEngine): Promise<boolean[]> {
  const stack = await FaultStack.create(engine, scenario.withService);
  try {
    const faults = faultsFor(await stack.passedPoints(scenario), scenario.operation === "refresh" ? 0 : 5);
    const outcomes: boolean[] = [];
    for (const fault of faults) {
      const wrong = await stack.survive(scenario, fault).catch((error: unknown) => [String(error)]);
      console.log(
        [`${wrong.length === 0 ? "survived" : "LOST    "}  ${scenario.name}: ${describeFault(fault)}`, ...wrong].join(
          "\n          ",
        ),
      );
      outcomes.push(wrong.length === 0);
    }
    return outcomes;
  } finally {
    await stack.remove();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void stopSandbox(directory).finally(() => process.exit(1));
  });
try {
  const sandbox = await startSandbox({
    directory,
    network: "namespace",
    cacheDirectory: join(import.meta.dirname, "../../.holdfast/cache"),
  });
  const engine = { dockerHost: sandbox.dockerHost, image: sandbox.redisImage };
  const queue = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const outcomes: boolean[] = [];
  const work = async (): Promise<void> => {
    for (let scenario = queue.shift(); scenario; scenario = queue.shift())
      outcomes.push(...(await tryScenario(scenario, engine)));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const survived = outcomes.filter(Boolean).length;
  console.log(`${survived} of ${outcomes.length} survived`);
  process.exitCode = survived === outcomes.length ? 0 : 1;
} finally {
  await stopSandbox(directory);
}
