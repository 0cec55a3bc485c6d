import { join } from "node:path";
import { z } from "zod";
import { advised } from "../../text/advised-command.ts";
import { readRecord, writeRecord } from "../host/record-file.ts";

const recordSchema = z.strictObject({
  version: z.literal(2),
  /** The id under which the lab's processes, links and cgroups are found. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** The index of its addresses, 0 to 255. */
  addressIndex: z.int().min(0).max(255),
  registryPort: z.int().min(1).max(65535),
  /** The folder that holds the toolbox and the assembled image. */
  cacheDirectory: z.string(),
  nodeCount: z.int().min(1),
  managerCount: z.int().min(1),
  heartbeatSeconds: z.number().positive(),
  /** Whether each node has a disk of limited size. */
  hasDisks: z.boolean(),
  /** Whether all nodes mount a network file system. */
  hasStorage: z.boolean(),
  /** The Redis image by digest, once it has been pushed. */
  redisImage: z.string().optional(),
});

/** What a lab remembers: the choices made at its first start. What runs is always looked up anew. */
export type LabRecord = z.infer<typeof recordSchema>;

/** The file in a lab's folder that holds its record, and by which the folder is known as a lab. */
export const labRecordName = "lab.json";

/**
 * Reads the record of a lab; undefined when there is none.
 *
 * @throws InputError when the file is not such a record.
 */
export function readLabRecord(directory: string): Promise<LabRecord | undefined> {
  return readRecord(join(directory, labRecordName), recordSchema, {
    expected: "the record of a lab",
    fix: `Remove the lab with \`${advised("lab clean")}\` and start it again`,
  });
}

/** Writes the record of a lab whole or not at all. */
export function writeLabRecord(directory: string, record: LabRecord): Promise<void> {
  return writeRecord(join(directory, labRecordName), record);
}
