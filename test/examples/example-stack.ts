import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StepOperation } from "../../engine/events.ts";
import { destroyStack, type OperationResult, previewStack, updateStack } from "../../engine/operations.ts";
import { openStack } from "../../engine/state/stack.ts";

/** A program of `examples/` as a stack of its own, whose state lies in a folder that the test removes. */
export interface ExampleStack {
  preview(): Promise<OperationResult>;
  up(): Promise<OperationResult>;
  down(): Promise<OperationResult>;
  set(settings: Record<string, string>): Promise<void>;
  remove(): Promise<void>;
}

/** Steps that change nothing. */
const idle: readonly StepOperation[] = ["same", "read", "refresh"];

/** Opens an example in a new folder. */
export async function openExample(name: string, dockerHost: string): Promise<ExampleStack> {
  const program = fileURLToPath(new URL(`../../examples/${name}/`, import.meta.url));
  const projectDirectory = await mkdtemp(join(tmpdir(), `holdfast-example-${name}-`));
  const project = await readFile(join(program, "Pulumi.yaml"), "utf8");
  await writeFile(
    join(projectDirectory, "Pulumi.yaml"),
    project.replace("main: index.ts", `main: ${join(program, "index.ts")}`),
  );
  // The SDK's own runner is found from the project's folder.
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(projectDirectory, "node_modules"));
  const environment = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "example" };
  const location = { projectDirectory, stackName: "test" };
  const options = { dockerHost, environment, onEvent: () => undefined };
  return {
    preview: () => previewStack(location, options),
    up: () => updateStack(location, options),
    down: () => destroyStack(location, { ...options, includeProtected: [] }),
    async set(settings) {
      const stack = await openStack(location, environment);
      for (const [key, value] of Object.entries(settings)) {
        await stack.setConfig(`${name}:${key}`, value, { secret: key === "password" });
      }
    },
    remove: () => rm(projectDirectory, { recursive: true, force: true }),
  };
}

/** How many steps change something. */
export function changeCount(result: OperationResult): number {
  return Object.entries(result.changes)
    .filter(([operation]) => !(idle as readonly string[]).includes(operation))
    .reduce((sum, [, count]) => sum + count, 0);
}
