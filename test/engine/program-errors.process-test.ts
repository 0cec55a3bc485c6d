import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { updateStack } from "../../engine/operations.ts";
import { ProgramProject } from "./program-project.ts";

describe("an error of a program", () => {
  /** What is said of a program that fails. */
  const errorOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
    await using project = await ProgramProject.make(files);
    const { succeeded, errors } = await project.preview();
    assert.equal(succeeded, false);
    return errors.join("\n");
  };

  it("names the line of the program, and no other", async () => {
    const said = await errorOf({ "index.ts": "const port: number = 2;\nthrow new Error(`not ${port}`);\n" });
    assert.match(said, /Error: not 2\n +at file:.*\/index\.ts:2:7$/u);
  });

  it("names it where a promise is rejected, too", async () => {
    const said = await errorOf({
      "index.ts": `import * as pulumi from "@pulumi/pulumi";
const later = async (): Promise<number> => {
  await Promise.resolve();
  throw new Error("too late");
};
pulumi.output(later()).apply((value) => value);
`,
    });
    assert.match(said, /Error: too late\n +at later \(file:.*\/index\.ts:4:9\)$/u);
  });

  it("names the line of the source where the program was compiled with a map", async () => {
    const map = { version: 3, sources: ["shop.ts"], names: [], mappings: "AAAA;AAIA" };
    const said = await errorOf({
      "index.js": 'export {};\nthrow new Error("compiled");\n//# sourceMappingURL=index.js.map\n',
      "index.js.map": JSON.stringify(map),
    });
    assert.match(said, /Error: compiled\n +at file:.*\/shop\.ts:5:1$/u);
  });

  it("that does not exist, or is in another language, is refused in one sentence", async () => {
    await using project = await ProgramProject.make({ "index.ts": "export {};\n" });
    await rm(join(project.directory, "index.ts"));
    await assert.rejects(project.preview(), {
      message:
        /^The program \S+index\.ts does not exist\. Create it, or name another one in `main` of Pulumi\.yaml\.$/u,
    });
    await writeFile(join(project.directory, "Pulumi.yaml"), "name: shop\nruntime: python\n");
    await assert.rejects(project.preview(), {
      message:
        'Pulumi.yaml names the runtime "python", but the embedded engine runs only programs for nodejs. Use the Pulumi CLI (--engine pulumi) for this program.',
    });
  });

  it("that cannot be started leaves the stack unlocked, and says what is missing", async () => {
    await using project = await ProgramProject.make({ "index.ts": "export {};\n" });
    const projectDirectory = project.directory;
    await rm(join(projectDirectory, "node_modules"));
    for (let time = 0; time < 2; time++) {
      const update = updateStack({ projectDirectory, stackName: "dev" }, { onEvent: () => undefined });
      await assert.rejects(update, /The package @pulumi\/pulumi is not installed in /u);
    }
  });
});
