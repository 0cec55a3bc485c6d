import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { StackLocation } from "../engine/operations.ts";
import { InputError, showValue } from "../model/input-error.ts";

/** The stack that is meant where none is named. */
const defaultStackName = "dev";

/**
 * Finds the stack that a command is about: `Pulumi.yaml` in the folder or above it, and the stack that was named, else
 * that of `PULUMI_STACK`, else `dev`.
 *
 * @throws InputError when there is no project
 */
export function locateStack(options: { cwd?: string; stack?: string }, environment = process.env): StackLocation {
  const start = resolve(options.cwd ?? ".");
  const stackName = options.stack ?? environment["PULUMI_STACK"] ?? defaultStackName;
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stackName))
    throw new InputError({
      path: options.stack === undefined ? "PULUMI_STACK" : "--stack",
      expected: "the name of a stack: letters, digits, dots, dashes and underscores",
      got: showValue(stackName),
      fix: "Correct the name",
    });
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
