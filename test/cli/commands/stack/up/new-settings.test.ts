import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import { holdNewSettings } from "../../../../../cli/commands/stack/up/new-settings.ts";
import { openOutput } from "../../../../../cli/terminal/output.ts";
import { StateProject } from "../../../../engine/state/state-project.ts";

const file = "Pulumi.dev.yaml";

describe("settings that a command makes", () => {
  const output = openOutput(false, { stdout: new PassThrough(), stderr: new PassThrough() });

  /** What is left of the settings after a command that sets one. */
  async function left(does: (project: StateProject, keep: () => void) => Promise<void> | void, before?: string) {
    using project = new StateProject("empty");
    const location = { projectDirectory: project.directory, stackName: "dev" };
    if (before !== undefined) await (await project.stack()).setConfig("before", before);
    const stack = await project.stack();
    {
      await using settings = holdNewSettings(stack, location, output);
      await stack.setConfig("node", "vm");
      await does(project, settings.keep);
    }
    return existsSync(project.file(file)) ? project.read(file).replaceAll(/\s+/gu, " ").trim() : undefined;
  }

  it("go again where they are not kept", async () => {
    assert.equal(await left(() => undefined), undefined);
    assert.equal(
      await left((_, keep) => {
        keep();
      }),
      "config: shop:node: vm",
    );
  });

  it("stay where they were there before, or somebody else has written to them", async () => {
    assert.equal(await left(() => undefined, "1 M"), "config: shop:before: 1 M shop:node: vm");
    const other = await left(async (project) => (await project.stack()).setConfig("image", "redis"));
    assert.equal(other, "config: shop:node: vm shop:image: redis");
  });
});
