import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openStack, type Stack, type StackLocation } from "../../../../engine/state/stack.ts";
import type { Output } from "../../../terminal/output.ts";

/** The settings of a stack that a command has made: they go again with the end of their scope unless they are kept. */
export interface NewSettings extends AsyncDisposable {
  /** From now on they stay. */
  readonly keep: () => void;
}

/**
 * Looks whether a stack has settings yet. The file that the command makes from here on is removed again at the end of the scope, so that
 * a command that was refused leaves nothing half applied; unless the file has been written to in the meantime.
 */
export function holdNewSettings(stack: Stack, location: StackLocation, output: Output): NewSettings {
  const { settingsPath } = stack;
  let isKept = existsSync(settingsPath);
  return {
    keep: () => {
      isKept = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (isKept || !existsSync(settingsPath)) return;
      const now = await openStack(location);
      if (!isDeepStrictEqual(now.storedConfig(), stack.storedConfig())) return;
      rmSync(settingsPath);
      output.print(
        `These settings were not kept: ${basename(settingsPath)}, which this run created, was removed again.`,
      );
    },
  };
}
