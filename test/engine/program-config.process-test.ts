import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { previewStack } from "../../engine/operations.ts";

describe("the configuration of a program", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-program-"));
    await symlink(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("may be longer than a variable of the environment, and is in none that others can read", async () => {
    const project = "name: shop\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n";
    await writeFile(join(directory, "Pulumi.yaml"), project);
    await writeFile(
      join(directory, "Pulumi.dev.yaml"),
      `config:\n  shop:long: ${"é".repeat(300_000)}\n  shop:list: [1]\n`,
    );
    await writeFile(
      join(directory, "index.ts"),
      `import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const seen = readFileSync("/proc/self/environ", "utf8").includes("éé");
export const told = [config.require("long").length, config.requireObject("list"), seen];
`,
    );
    const errors: string[] = [];
    const { outputs } = await previewStack(
      { projectDirectory: directory, stackName: "dev" },
      {
        onEvent: ({ diagnosticEvent }) => {
          if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
        },
      },
    );
    assert.deepEqual(errors, []);
    assert.deepEqual(outputs["told"], [300_000, [1], false]);
  });
});
