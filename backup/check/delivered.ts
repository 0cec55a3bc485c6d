import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { SituationError } from "../../text/situation-error.ts";
import { logFolder } from "../log/follower.ts";
import { findLogManifest } from "../log/manifest.ts";
import { productOf } from "../product.ts";
import type { BackupConfiguration, BackupLine, backupNowSchema } from "../protocol.ts";
import type { Catalogue } from "../repository/catalogue.ts";
import { fetchCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";
import type { LogPosition } from "../repository/tags.ts";

const lookEveryMs = 1000;

/**
 * So much later the server writes to its log, at most, what it has answered: it waits for a slow disk that long, where it need not write
 * before it answers (`appendfsync everysec`; aof.c, `flushAppendOnlyFile`).
 */
const longestPostponedMs = 2000;

/** After so many times the time after which a delivery is late nobody waits any more. */
const patience = 5;

/**
 * Waits until the repository has all that was written when it was asked.
 *
 * @throws SituationError when it is not delivered in time
 */
export async function awaitDelivered(
  restic: Restic,
  configuration: BackupConfiguration,
  say: (line: BackupLine) => void,
): Promise<z.infer<typeof backupNowSchema>> {
  const began = performance.now();
  const { lateAfterSeconds } = configuration;
  const isDelivered = await (await productOf(configuration)).newest(configuration);
  for (;;) {
    const delivered = isDelivered(await fetchCatalogue(restic));
    const seconds = (performance.now() - began) / 1000;
    if (delivered !== undefined) {
      return { type: "result", command: "now", waitedSeconds: seconds, deliveredSeconds: delivered };
    }
    if (seconds > patience * lateAfterSeconds) {
      throw new SituationError({
        what: `What was written before the command has not reached the repository after ${Math.round(seconds)} s`,
        fix: "Read the companion's log: it says what is blocking the delivery",
      });
    }
    say({ type: "progress", words: `waiting for the companion, for ${Math.round(seconds)} s` });
    await sleep(lookEveryMs);
  }
}

/** The place up to which the log has what the server has answered. */
export async function endOfLog(data: string): Promise<LogPosition> {
  await sleep(longestPostponedMs);
  const folder = join(data, logFolder);
  const last = (await findLogManifest(folder)).manifest.increments.at(-1);
  if (last === undefined) {
    throw new SituationError({
      what: `The manifest in ${folder} names no increment`,
      fix: "Check whether the server runs with `appendonly yes`",
    });
  }
  return { seq: last.seq, offset: (await stat(join(folder, last.name))).size };
}

/** Says when the newest log in the repository, from a base on, has come to a place; undefined before. */
export function reaches(place: LogPosition): (catalogue: Pick<Catalogue, "generations">) => number | undefined {
  return ({ generations }) => {
    const { pieces = [], bases = [] } = generations.at(-1) ?? {};
    const isFollowed = bases.some(({ log }) => log <= place.seq);
    // At the very beginning of an increment there is no piece of it: the base that comes with it has the state.
    const reaching = [
      ...pieces.filter(({ seq, to }) => seq > place.seq || (seq === place.seq && to >= place.offset)),
      ...bases.filter(({ log }) => log > place.seq || (log === place.seq && place.offset === 0)),
    ];
    return isFollowed && reaching.length > 0
      ? Math.min(...reaching.map(({ deliveredSeconds }) => deliveredSeconds))
      : undefined;
  };
}

/** The time of the snapshot that the server has written last. */
export async function snapshotSeconds(data: string): Promise<number> {
  const path = join(data, "dump.rdb");
  const found = await stat(path).catch(() => undefined);
  if (found) return Math.floor(found.mtimeMs / 1000);
  throw new SituationError({
    what: `There is no ${path} yet`,
    fix: "Wait for the server's next snapshot, or send it BGSAVE",
  });
}

/** Says when a snapshot that is not older was delivered; undefined before. */
export function hasSnapshotOf(seconds: number): (catalogue: Pick<Catalogue, "snapshots">) => number | undefined {
  return ({ snapshots }) => snapshots.findLast(({ deliveredSeconds }) => deliveredSeconds >= seconds)?.deliveredSeconds;
}
