import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { previewStack, type OperationResult } from "../../engine/operations.ts";

/** A project in a folder of its own, gone when it is disposed of. */
export class ProgramProject implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes a project `shop` with a program, whose file comes first, and other files. */
  static async make(files: Readonly<Record<string, string>>): Promise<ProgramProject> {
    const project = new ProgramProject(await mkdtemp(join(tmpdir(), "holdfast-program-")));
    await symlink(join(import.meta.dirname, "../../node_modules"), join(project.directory, "node_modules"));
    const [main = ""] = Object.keys(files);
    const all = {
      ...files,
      "package.json": '{ "type": "module" }',
      "Pulumi.yaml": `name: shop\nruntime: { name: nodejs, options: { typescript: false } }\nmain: ${main}\n`,
    };
    for (const [name, text] of Object.entries(all)) await writeFile(join(project.directory, name), text);
    return project;
  }

  /** What a preview of the stack `dev` gives, and the errors it tells. */
  async preview(): Promise<OperationResult & { errors: readonly string[] }> {
    const errors: string[] = [];
    const result = await previewStack(
      { projectDirectory: this.directory, stackName: "dev" },
      {
        onEvent: ({ diagnosticEvent }) => {
          if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
        },
      },
    );
    return { ...result, errors };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}
