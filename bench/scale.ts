import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Sandbox } from "../lab/sandbox.ts";
import { comparePaired, row } from "./paired.ts";
import { layOutStack, type StackUnderTest } from "./stack-under-test.ts";

const run = promisify(execFile);

/** No-change previews of 1, 10, 100 and 1,000 resources against an empty program, with the engine's peak memory. */
export async function* compareScale(sandbox: Sandbox): AsyncGenerator<string> {
  const empty = await layOutStack(sandbox.dockerHost, "export {};\n");
  try {
    for (const count of [1, 10, 100, 1000]) {
      const stack = await layOutStack(sandbox.dockerHost, programOf(count));
      try {
        // The project is this one's, whose first start asks for an image.
        await stack.set("image", sandbox.redisImage);
        await stack.holdfast("up", "--yes");
        const result = await comparePaired(
          async () => {
            await stack.holdfast("preview");
          },
          async () => {
            await empty.holdfast("preview");
          },
        );
        const megabytes = await peakMegabytes(stack);
        yield row(
          `no-change preview of ${count} resources / empty program, peak ${megabytes} MB`,
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

function programOf(count: number): string {
  return `import * as docker from "@pulumi/docker";
for (let index = 0; index < ${count}; index++)
  new docker.Volume("volume-" + index, { name: "bench-" + index, labels: [{ label: "index", value: String(index) }] });
`;
}

/** What the engine's own process needed at most; the program's is Pulumi's SDK and not ours to bound. */
async function peakMegabytes(stack: StackUnderTest): Promise<number> {
  const engine = join(import.meta.dirname, "../engine/operations.ts");
  const source = `
    const { previewStack } = await import(${JSON.stringify(engine)});
    await previewStack({ projectDirectory: ${JSON.stringify(stack.directory)}, stackName: "dev" }, { onEvent: () => {} });
    console.log(process.resourceUsage().maxRSS);
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", source], {
    cwd: stack.directory,
    env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "bench" },
  });
  return Math.round(Number(stdout) / 1024);
}
