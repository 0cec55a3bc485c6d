import assert from "node:assert/strict";
import { ProgramProject } from "./program-project.ts";

describe("the configuration of a program", () => {
  it("may be longer than a variable of the environment, and is in none that others can read", async () => {
    await using project = await ProgramProject.make({
      "index.ts": `import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const seen = readFileSync("/proc/self/environ", "utf8").includes("éé");
export const told = [config.require("long").length, config.requireObject("list"), seen];
`,
      "Pulumi.dev.yaml": `config:\n  shop:long: ${"é".repeat(300_000)}\n  shop:list: [1]\n`,
    });
    const { errors, outputs } = await project.preview();
    assert.deepEqual(errors, []);
    assert.deepEqual(outputs["told"], [300_000, [1], false]);
  });
});
