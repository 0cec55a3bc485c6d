import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLab, stopLab, type Lab } from "../../lab/lab.ts";
import { testCacheDirectory } from "./sandbox.ts";

/**
 * The swarm of three nodes that all tests of one mocha process share: `node-1` is its manager, `node-2` and `node-3` are
 * workers. It is started by the first test that asks for it and stopped by a root-level `after` hook. A test removes what it
 * creates, and starts or heals the nodes that it stops, kills or cuts off (a call of {@link sharedLab} does, too).
 */

/** How long the first {@link sharedLab} of a machine may take: packages are downloaded and unpacked once. */
export const labStartMs = 180_000;

const prefix = "holdfast-test-lab-";
const directory = join(tmpdir(), `${prefix}${process.pid}`);
let isStarted = false;

/** Starts this process' lab, or makes the one that there is whole again, and returns it. */
export async function sharedLab(): Promise<Lab> {
  if (!isStarted) {
    isStarted = true;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        void stopLab(directory).finally(() => process.exit(1));
      });
    }
    await removeAbandoned();
  }
  // Lost nodes are noticed after three silent periods: with Docker's own 5 s each test of a loss would take 15 s longer.
  return startLab({ directory, cacheDirectory: testCacheDirectory, heartbeatSeconds: 2 });
}

/** Stops the labs of test runs that were killed before they could do it themselves. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) await stopLab(join(tmpdir(), name));
  }
}

after(async function () {
  this.timeout(60_000);
  if (isStarted) await stopLab(directory);
});
