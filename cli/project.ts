import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { StackLocation } from "../engine/state/stack.ts";
import { InputError } from "../model/input-error.ts";

/** The stack that is meant where none is named. */
const defaultStackName = "dev";

/**
 * Finds the stack that a command is about: `Pulumi.yaml` in the folder or above it, and the stack that was named, else
 * that of `PULUMI_STACK`, else `dev`.
 *
 * @throws InputError when there is no project
 */
export function locateStack(
  options: { cwd?: string | undefined; stack?: string | undefined },
  environment: NodeJS.ProcessEnv = process.env,
): StackLocation {
  const start = resolve(options.cwd ?? ".");
  const stackName = options.stack ?? environment["PULUMI_STACK"] ?? defaultStackName;
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return { projectDirectory: folder, stackName };
    if (folder === dirname(folder)) break;
  }
  throw new InputError({
    path: start,
    expected: "a folder with Pulumi.yaml, or one below it",
    got: "none",
    fix: "Change to the project's folder, or name it with --cwd",
  });
}

/** Where a project's sandbox lies. */
export function sandboxDirectory({ projectDirectory }: StackLocation): string {
  return join(projectDirectory, ".holdfast", "sandbox");
}
