import { join } from "node:path";
import { endOfLog, hasSnapshotOf, reaches, snapshotSeconds } from "../check/delivered.ts";
import { checkFiles, loadFiles } from "../check/server.ts";
import { FollowedLog } from "../companion/log.ts";
import { FollowedSnapshot } from "../companion/snapshot.ts";
import { logFolder } from "../log/follower.ts";
import type { LaidOut, Product } from "../product.ts";
import { assembleRedis } from "../restore/assemble.ts";

/** Redis and Valkey: their append-only log, or their snapshots. */
export const redisProduct: Product = {
  follow({ kind, data }, delivery) {
    return kind === "log" ? new FollowedLog(data, delivery) : new FollowedSnapshot(data, delivery);
  },
  async newest({ kind, data }) {
    return kind === "log" ? reaches(await endOfLog(data)) : hasSnapshotOf(await snapshotSeconds(data));
  },
  written: () => [logFolder, "dump.rdb"],
  assemble: (reader, plan, _, folder) => assembleRedis(reader, plan, folder),
  check: (state) => checkFiles(state.plan.kind, loadedFile(state)),
  load: (state, temporaryFolder) => loadFiles(state.plan.kind, loadedFile(state), temporaryFolder),
};

/** The file that the server is given. */
function loadedFile({ folder, files: [first = ""] }: LaidOut): string {
  return join(folder, first);
}
