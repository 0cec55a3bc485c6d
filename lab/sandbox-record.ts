import { join } from "node:path";
import { z } from "zod";
import { advised } from "../text/advised-command.ts";
import { readRecord, writeRecord } from "./host/record-file.ts";

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** The id under which the sandbox' processes, links and cgroups are found. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** Whether the engine shares the machine's network or has a namespace of its own. */
  network: z.enum(["host", "namespace"]),
  /** The index of its addresses, 0 to 255. */
  addressIndex: z.int().min(0).max(255),
  registryPort: z.int().min(1).max(65535),
  /** The folder that holds the toolbox and the assembled image. */
  cacheDirectory: z.string(),
  nodeHostname: z.string().optional(),
  /** The Redis image by digest, once it has been pushed. */
  redisImage: z.string().optional(),
});

/** What a sandbox remembers: the choices made at its first start. What runs is always looked up anew. */
export type SandboxRecord = z.infer<typeof recordSchema>;

/** The file in a sandbox' folder that holds its record, and by which the folder is known as a sandbox. */
export function sandboxRecordPath(directory: string): string {
  return join(directory, "sandbox.json");
}

/**
 * Reads the record of a sandbox; undefined when there is none.
 *
 * @throws InputError when the file is not such a record.
 */
export function readSandboxRecord(directory: string): Promise<SandboxRecord | undefined> {
  return readRecord(sandboxRecordPath(directory), recordSchema, {
    expected: "the record of a sandbox",
    fix: `Remove the sandbox with \`${advised("sandbox stop")}\` and start it again`,
  });
}

/** Writes the record of a sandbox whole or not at all. */
export function writeSandboxRecord(directory: string, record: SandboxRecord): Promise<void> {
  return writeRecord(sandboxRecordPath(directory), record);
}
