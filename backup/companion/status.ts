import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { BackupConfiguration } from "../protocol.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";

const statusSchema = z.object({
  /** When everything that was there had last been delivered, or the repository was last read with nothing to deliver. */
  deliveredSeconds: z.number().optional(),
  /** What keeps it from being delivered, in a sentence. */
  problem: z.string().optional(),
  /** What was measured with canaries since the start, in milliseconds. */
  window: z.object({ canary: z.number(), last: z.number(), worst: z.number() }).optional(),
});

/** How the companion is, from one process to another in the same container. */
export type CompanionStatus = z.infer<typeof statusSchema>;

/** Writes the status so that it is read whole. */
export async function writeStatus(path: string, status: CompanionStatus): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(status));
  await rename(`${path}.new`, path);
}

/**
 * Says that the deliveries are in time.
 *
 * @throws SituationError when they are not
 */
export async function checkHealth(
  { status, lateAfterSeconds }: Pick<BackupConfiguration, "status" | "lateAfterSeconds">,
  nowSeconds: number,
): Promise<string> {
  const text = await readFile(status, "utf8").catch(() => "");
  const read = statusSchema.safeParse(jsonOrUndefined(text)).data;
  const age = Math.round(nowSeconds - (read?.deliveredSeconds ?? Number.NEGATIVE_INFINITY));
  if (age <= lateAfterSeconds) return `Everything was delivered ${age} s ago${windowWords(read?.window)}.`;
  const since = Number.isFinite(age) ? `Nothing has been delivered for ${age} s` : "Nothing has been delivered yet";
  throw new SituationError({
    what: read ? `${since}${read.problem === undefined ? "" : `: ${read.problem}`}` : "The companion has not started",
    fix: `The backup is late after ${lateAfterSeconds} s; see the companion's log`,
  });
}

function windowWords(window: CompanionStatus["window"]): string {
  if (window === undefined) return "";
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
  return `; a write took ${seconds(window.last)} s until it was delivered, and ${seconds(window.worst)} s at most`;
}
