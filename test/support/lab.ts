import { startLab, stopLab, type Lab } from "../../lab/lab.ts";
import { testCacheDirectory } from "./sandbox.ts";
import { startThrowaway } from "./throwaway.ts";

/**
 * The swarm of three nodes that all tests of one mocha process share: `node-1` is its manager, `node-2` and `node-3` are
 * workers. It is started by the first test that asks for it and stopped at the end of the run. A test removes what it creates, and starts or heals the nodes that it stops, kills or cuts off (a call of {@link sharedLab} does, too).
 */

/** How long the first {@link sharedLab} of a machine may take: packages are downloaded and unpacked once. */
export const labStartMs = 180_000;

let running: Promise<Lab> | undefined;

/** Starts this process' lab, or makes the one that there is whole again, and returns it. */
export async function sharedLab(): Promise<Lab> {
  // Lost nodes are noticed after three silent periods: with Docker's own 5 s each test of a loss would take 15 s longer.
  // Tests look at what nodes keep from outside, past Docker.
  const start = (directory: string) =>
    startLab({ directory, cacheDirectory: testCacheDirectory, heartbeatSeconds: 2, disks: false });
  if (running !== undefined) return start((await running).directory);
  running = startThrowaway("lab", { start, stop: stopLab });
  return running;
}
