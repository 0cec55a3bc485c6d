import { setTimeout as sleep } from "node:timers/promises";
import { dockerStatus, dockerWords, isConnectionCut } from "../../../swarm/api/errors.ts";
import { SituationError } from "../../../text/situation-error.ts";
import type { OperationContext } from "./managed-type.ts";

/** How long to keep trying while something is in use (terraform-provider-docker: `volumeReadRefreshTimeout`, `networkRemoveRefreshTimeout`). */
const removalLimitSeconds = 30;
const removalEveryMs = 250;

/** How often a removal is sent again after the connection broke; removing something twice does no harm. */
const repeatedAfterCut = 5;

/**
 * Removes something, trying again while it is in use: containers of a service that has just been removed may linger.
 *
 * @param isInUse - whether a refusal may pass with time; default never
 * @param explain - who uses it, for the error
 */
export async function removeUnlessUsed(
  context: Pick<OperationContext, "signal" | "onProgress" | "timeoutSeconds">,
  options: {
    what: string;
    remove: () => Promise<unknown>;
    isInUse?: (words: string) => boolean;
    explain?: () => Promise<string>;
    fix?: string;
  },
): Promise<void> {
  const limitSeconds = context.timeoutSeconds ?? removalLimitSeconds;
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
      if (options.isInUse?.(words) !== true) throw error;
      if (performance.now() > deadlineMs || context.signal.aborted) {
        const users = (await options.explain?.()) ?? "";
        throw new SituationError({
          what: `${options.what} is still in use${users === "" ? "" : `: ${users}`}`,
          fix: options.fix ?? "Stop what uses it, and run the command again",
        });
      }
      context.onProgress(`${options.what} is in use; waiting`);
      await sleep(removalEveryMs);
    }
  }
}
