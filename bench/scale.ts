import type { Sandbox } from "../lab/sandbox.ts";
import { comparePaired, row } from "./paired.ts";
import { layOutStack } from "./stack-under-test.ts";

/** No-change previews of 1, 10, 100 and 1,000 resources against an empty program, with the command's peak memory. */
export async function* compareScale(sandbox: Sandbox): AsyncGenerator<string> {
  const empty = await layOutStack(sandbox.dockerHost, "export {};\n");
  try {
    for (const count of [1, 10, 100, 1000]) {
      const stack = await layOutStack(sandbox.dockerHost, programOf(count));
      try {
        // The project is this one's, whose first start asks for an image.
        await stack.set("image", sandbox.redisImage);
        await stack.holdfast("up", "--yes");
        const result = await comparePaired(stack.work("preview"), empty.work("preview"));
        yield row(
          `no-change preview of ${count} resources / empty program, ${await stack.peak("preview")}`,
          result,
          "at most linear",
        );
      } finally {
        await stack.holdfast("down", "--yes");
        await stack.remove();
      }
    }
  } finally {
    await empty.remove();
  }
}

/** A preview of 2,000 new resources against one of 1,000, and the memory of one of 10,000. */
export async function* compareGrowth({ dockerHost, redisImage }: Sandbox): AsyncGenerator<string> {
  const stacks = await Promise.all([2000, 1000, 10_000].map((count) => layOutStack(dockerHost, programOf(count))));
  const [double, single, many] = stacks;
  try {
    if (double === undefined || single === undefined || many === undefined) return;
    for (const stack of stacks) await stack.set("image", redisImage);
    const result = await comparePaired(double.work("preview"), single.work("preview"));
    yield row("preview of 2,000 new resources / 1,000", result, "2");
    yield `| preview of 10,000 new resources | | 400 MB | ${await many.peak("preview")} | |`;
  } finally {
    for (const stack of stacks) await stack.remove();
  }
}

function programOf(count: number): string {
  return `import * as docker from "@pulumi/docker";
for (let index = 0; index < ${count}; index++)
  new docker.Volume("volume-" + index, { name: "bench-" + index, labels: [{ label: "index", value: String(index) }] });
`;
}
