import { setTimeout as sleep } from "node:timers/promises";
import { dockerStatus, dockerWords, isConnectionCut } from "../../../swarm/api/errors.ts";
import { InputError } from "../../../text/input-error.ts";
import type { OperationContext } from "./managed-type.ts";

/** How long something in use is asked to go (terraform-provider-docker: `volumeReadRefreshTimeout`, `networkRemoveRefreshTimeout`). */
const removalLimitSeconds = 30;
const removalEveryMs = 250;

/** How often a removal is sent again after the connection broke; a removal may be repeated, what is gone stays gone. */
const repeatedAfterCut = 5;

/**
 * Removes something, trying again while it is in use, as containers of a service that has just been removed may linger.
 *
 * @param isInUse - whether a refusal is of the kind that passes
 * @param explain - who uses it, for the error
 */
export async function removeUnlessUsed(
  context: Pick<OperationContext, "signal" | "onProgress" | "timeoutSeconds">,
  options: {
    what: string;
    remove: () => Promise<unknown>;
    isInUse: (words: string) => boolean;
    explain: () => Promise<string>;
    fix?: string;
    limitSeconds?: number;
  },
): Promise<void> {
  const limitSeconds = context.timeoutSeconds ?? options.limitSeconds ?? removalLimitSeconds;
  const deadlineMs = performance.now() + limitSeconds * 1000;
  for (let cuts = 0; ;) {
    try {
      await options.remove();
      return;
    } catch (error) {
      if (dockerStatus(error) === 404) return;
      if (isConnectionCut(error) && cuts++ < repeatedAfterCut) {
        await sleep(removalEveryMs);
        continue;
      }
      const words = dockerWords(error);
      if (!options.isInUse(words)) throw error;
      if (performance.now() > deadlineMs || context.signal.aborted) {
        throw new InputError({
          path: options.what,
          expected: "nothing that uses it any more",
          got: `it is still in use${withSpace(await options.explain())}`,
          fix: options.fix ?? "End what uses it, and run the command again",
        });
      }
      context.onProgress(`${options.what} is in use; waiting`);
      await sleep(removalEveryMs);
    }
  }
}

function withSpace(words: string): string {
  return words === "" ? "" : `: ${words}`;
}
