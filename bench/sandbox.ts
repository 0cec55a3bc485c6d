import { join } from "node:path";
import { tmpdir } from "node:os";

import { startSandbox, stopSandbox, type Sandbox } from "../lab/sandbox.ts";

/** Runs the work on a throwaway swarm, which is gone afterwards. */
export async function onSandbox(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const directory = join(tmpdir(), `holdfast-bench-${process.pid}`);
  try {
    const cacheDirectory = join(import.meta.dirname, "../.holdfast/cache");
    await work(await startSandbox({ directory, network: "namespace", cacheDirectory }));
  } finally {
    await stopSandbox(directory);
  }
}
