import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Sandbox } from "../lab/sandbox.ts";
import { comparePaired, row } from "./paired.ts";
import { layOutStack } from "./stack-under-test.ts";

const run = promisify(execFile);

/** A changed memory limit brought into effect by `up`, against `docker service update` of the same service. */
export async function* compareUpdate(sandbox: Sandbox): AsyncGenerator<string> {
  const stack = await layOutStack(sandbox.dockerHost);
  const docker = sandbox.dockerProgram ?? "docker";
  let limit = 100;
  try {
    await stack.set("image", sandbox.redisImage);
    await stack.holdfast("up", "--yes");
    const result = await comparePaired(
      async () => {
        await stack.set("memoryLimit", `${++limit}M`);
        await stack.holdfast("up", "--yes");
      },
      async () => {
        const memory = ["--limit-memory", `${++limit}M`];
        await run(docker, ["--host", sandbox.dockerHost, "service", "update", ...memory, "stateful"]);
      },
    );
    yield row("`up` of a memory limit / `docker service update`", result, "1.25");
  } finally {
    await stack.holdfast("down", "--yes", "--delete-data", "foobarstore");
    await stack.remove();
  }
}
