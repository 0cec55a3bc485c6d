/** What the file backend remembers of each update: its record, the state after it, and a backup of that state. */
import { basename, join } from "node:path";
import type { StepOperation } from "../model/events.ts";
import { readTextFile } from "./durable-file.ts";
import { writeBlob } from "./file-backend.ts";
import type { StackFiles } from "./stack-files.ts";
import { nextStamp, nextVersion, pruneHistory } from "./state-copies.ts";

/** What the history remembers of an operation (Pulumi: pkg/backend, `UpdateInfo`). */
export interface UpdateRecord {
  kind: "update" | "refresh" | "destroy" | "import";
  message: string;
  /** Of the start of the operation, in milliseconds since 1970. */
  startTime: number;
  result: "succeeded" | "failed";
  resourceChanges: Partial<Record<StepOperation, number>>;
}

/** How many updates are kept; Pulumi, which keeps all, reads them as its own. */
const keptUpdates = 50;

/**
 * Adds an update to a stack's history, then backs the state up, as Pulumi does at the end of every update that is not a
 * preview (pkg/backend/diy/state.go, `addToHistory`, `backupStack`). What is kept of old updates is removed.
 */
export async function writeHistory(
  files: StackFiles,
  record: UpdateRecord,
  config: Record<string, unknown>,
): Promise<void> {
  const stack = basename(files.state, ".json");
  const stamp = await nextStamp(files);
  const version = await nextVersion(files);
  const prefix = join(files.history, `${stack}-${stamp}`);
  const state = await readTextFile(files.state);
  const entry = {
    kind: record.kind,
    startTime: Math.floor(record.startTime / 1000),
    message: record.message,
    environment: {},
    config,
    version,
    result: record.result,
    endTime: Math.floor(Date.now() / 1000),
    resourceChanges: record.resourceChanges,
  };
  await writeBlob(`${prefix}.history.json`, JSON.stringify(entry), "history");
  if (state === undefined) return;
  await writeBlob(`${prefix}.checkpoint.json`, state, "checkpoint-copy");
  await writeBlob(join(files.backups, `${stack}.${stamp + 1n}.json`), state, "backup");
  // What is not removed now is removed after the next update.
  await pruneHistory(files, keptUpdates).catch(() => undefined);
}
