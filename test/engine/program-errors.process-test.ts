import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { previewStack, updateStack } from "../../engine/operations.ts";

describe("an error of a program", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-program-"));
    await symlink(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** What is said of a program that fails. */
  const errorOf = async (files: Record<string, string>): Promise<string> => {
    const [main = ""] = Object.keys(files);
    const project = `name: failing\nruntime: { name: nodejs, options: { typescript: false } }\nmain: ${main}\n`;
    for (const [name, text] of Object.entries({ ...files, "Pulumi.yaml": project }))
      await writeFile(join(directory, name), text);
    const errors: string[] = [];
    const { succeeded } = await previewStack(
      { projectDirectory: directory, stackName: "dev" },
      {
        onEvent: ({ diagnosticEvent }) => {
          if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
        },
      },
    );
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

  it("that cannot be started leaves the stack unlocked, and says what is missing", async () => {
    await rm(join(directory, "node_modules"));
    await writeFile(join(directory, "Pulumi.yaml"), "name: failing\nruntime: nodejs\nmain: index.ts\n");
    await writeFile(join(directory, "index.ts"), "export {};\n");
    for (let time = 0; time < 2; time++) {
      const update = updateStack({ projectDirectory: directory, stackName: "dev" }, { onEvent: () => undefined });
      await assert.rejects(update, /expected a project whose packages are installed, @pulumi\/pulumi among them/u);
    }
  });
});
