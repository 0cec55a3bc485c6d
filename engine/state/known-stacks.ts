/** Which stacks a project has: by their settings, and by what the file backend keeps of them. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../text/input-error.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Project } from "./project-file.ts";
import { isName } from "./stack-name.ts";

const settingsPattern = /^Pulumi\.(.+)\.yaml$/u;
const statePattern = /^(.+)\.json(?:\.bak)?$/u;
const anyName = /^(.+)$/u;

/** The names of a project's stacks: of those that have settings, a state or a history. */
async function knownStacks({ name, settingsDirectory, stateDirectory }: Project): Promise<string[]> {
  const places: readonly (readonly [folder: string, pattern: RegExp])[] = [
    [settingsDirectory, settingsPattern],
    [join(stateDirectory, "stacks", name), statePattern],
    [join(stateDirectory, "history", name), anyName],
  ];
  const found = await Promise.all(
    places.map(async ([folder, pattern]) =>
      (await readdir(folder).catch(() => [])).flatMap((entry) => pattern.exec(entry)?.[1] ?? []),
    ),
  );
  return [...new Set(found.flat())].filter(isName).sort();
}

/**
 * Refuses the name of a stack that is not there, where the project has others: most likely it is mistyped.
 *
 * @throws InputError naming those that there are
 */
export async function requireKnownStack(project: Project, stackName: string): Promise<void> {
  const names = await knownStacks(project);
  if (names.length === 0 || names.includes(stackName)) return;
  const meant = nearestName(stackName, names) ?? names[0];
  throw new InputError({
    path: `stack ${stackName}`,
    expected: `one of the project's stacks: ${names.join(", ")}`,
    got: "one that has no settings, no state and no history",
    fix: `Name the one that you mean, as in -s ${meant ?? ""}`,
  });
}
