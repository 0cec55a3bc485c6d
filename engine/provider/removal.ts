import { setTimeout as sleep } from "node:timers/promises";
import { dockerStatus, dockerWords, isConnectionCut } from "../../swarm/docker-error.ts";
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
        throw new Error(`${options.what} is still in use and was not removed: ${await options.explain()}`, {
          cause: error,
        });
      }
      context.onProgress(`${options.what} is in use; waiting`);
      await sleep(removalEveryMs);
    }
  }
}
