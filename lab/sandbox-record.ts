import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { advised } from "../model/advised-command.ts";
import { InputError } from "../model/input-error.ts";
import { NoRegularFileError, readRegularFile } from "../swarm/regular-file.ts";

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
export async function readSandboxRecord(directory: string): Promise<SandboxRecord | undefined> {
  const path = sandboxRecordPath(directory);
  let text: string;
  try {
    text = await readRegularFile(path);
  } catch (error) {
    if (z.object({ code: z.enum(["ENOENT", "ENOTDIR"]) }).safeParse(error).success) return undefined;
    if (!(error instanceof NoRegularFileError)) throw error;
    text = "";
  }
  const record = recordSchema.safeParse(jsonOrUndefined(text));
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  throw new InputError({
    path,
    expected: "the record of a sandbox",
    got: issue && issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : "something else",
    fix: `Remove the sandbox with \`${advised("sandbox stop")}\` and start it again`,
  });
}

/** Writes the record of a sandbox whole or not at all. */
export async function writeSandboxRecord(directory: string, record: SandboxRecord): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = sandboxRecordPath(directory);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
