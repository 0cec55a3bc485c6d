import type { Sandbox } from "../lab/sandbox.ts";
import { comparePaired, row } from "./paired.ts";
import { layOutStack } from "./stack-under-test.ts";

/** A preview that finds nothing to do, against an empty program under the same engine and runner. */
export async function* comparePreview(sandbox: Sandbox): AsyncGenerator<string> {
  const stack = await layOutStack(sandbox.dockerHost);
  const empty = await layOutStack(sandbox.dockerHost, "export {};\n");
  try {
    await stack.set("image", sandbox.redisImage);
    await stack.holdfast("up", "--yes");
    const result = await comparePaired(stack.work("preview"), empty.work("preview"));
    yield row("no-change preview / empty program", result, "1.6");
    const look = await comparePaired(stack.work("preview"), async () => {
      await stack.holdfastWithoutEngine("preview");
    });
    yield row("no-change preview with its look at the swarm / without, where no engine answers", look, "");
  } finally {
    await stack.holdfast("down", "--yes", "--delete-data", "foobarstore");
    await Promise.all([stack.remove(), empty.remove()]);
  }
}
