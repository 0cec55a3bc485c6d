import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { requireStackName } from "../../engine/state/stack-name.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import { InputError } from "../../text/input-error.ts";

/** The stack that is meant where none is named. */
const defaultStackName = "dev";

/**
 * Finds the stack that a command is about: `Pulumi.yaml` in the folder or above it, and the stack that was named, else
 * that of `PULUMI_STACK`, else `dev`.
 *
 * @throws InputError when there is no project, or the name can be none
 */
export function locateStack(
  options: { cwd?: string | undefined; stack?: string | undefined },
  environment: NodeJS.ProcessEnv = process.env,
): StackLocation {
  const stackName =
    options.stack === undefined
      ? requireStackName(environment["PULUMI_STACK"] ?? defaultStackName, "PULUMI_STACK")
      : requireStackName(options.stack, "--stack");
  const projectDirectory = findProject(options.cwd);
  if (projectDirectory !== undefined) return { projectDirectory, stackName };
  throw new InputError({
    path: resolve(options.cwd ?? "."),
    expected: "a folder that has a Pulumi.yaml in it or above it",
    got: "none",
    fix: "Change to the project folder, or name it with --cwd",
  });
}

/** The folder with `Pulumi.yaml`, the given one or one above it; undefined where there is none. */
export function findProject(cwd = "."): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder of the sandbox of a project, or of any folder. */
export function sandboxDirectory({ projectDirectory }: Pick<StackLocation, "projectDirectory">): string {
  return throwawayDirectory(projectDirectory, "sandbox");
}

/** The folder of a project's lab. */
export function labDirectory({ projectDirectory }: Pick<StackLocation, "projectDirectory">): string {
  return throwawayDirectory(projectDirectory, "lab");
}

/** The one that this user has in the folder or above it, as a program in a folder below the project does; else the folder's own. */
function throwawayDirectory(start: string, name: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const directory = join(folder, ".holdfast", name);
    // Anyone who may write to a folder above could redirect commands to their own engine.
    if (isOwn(directory)) return directory;
    if (folder === dirname(folder)) return join(start, ".holdfast", name);
  }
}

/** Whether something is there and is this user's; what cannot be looked at, below a folder that is closed, is not. */
function isOwn(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.();
  } catch {
    return false;
  }
}
