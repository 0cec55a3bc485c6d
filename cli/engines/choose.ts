import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { SituationError } from "../../text/situation-error.ts";
import type { StackEngine } from "./engine.ts";

/** The engines that `--engine` takes. */
export const engineNames = ["pulumi", "embedded"] as const;

/** The name of an engine. */
export type EngineName = (typeof engineNames)[number];

/**
 * The engine to use: the one that was asked for, else the Pulumi CLI where it is on the PATH, else the embedded one.
 *
 * @throws SituationError when the Pulumi CLI is asked for and there is none
 */
export async function chooseEngine(
  asked: EngineName | undefined,
  options: { json: boolean; ensureSecrets: () => Promise<void> },
): Promise<StackEngine> {
  const path = process.env["PATH"] ?? "";
  const hasPulumi = asked !== "embedded" && (await isOnPath("pulumi", path));
  if (asked === "pulumi" && !hasPulumi)
    throw new SituationError({
      what: "The Pulumi CLI is not on the PATH",
      fix: "Install it, or use --engine embedded",
    });
  if (!hasPulumi) return (await import("./embedded.ts")).embeddedEngine;
  await options.ensureSecrets();
  const { pulumiEngine } = await import("./pulumi.ts");
  return pulumiEngine(options.json);
}

/** Whether a program of this name can be run from one of the folders of a PATH. */
async function isOnPath(name: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    try {
      await access(join(folder, name), constants.X_OK);
      return true;
    } catch {
      // The next folder may have it.
    }
  }
  return false;
}
