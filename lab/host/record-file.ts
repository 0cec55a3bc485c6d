import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { NoRegularFileError, readRegularFile } from "../../swarm/engine/regular-file.ts";
import { advised } from "../../text/advised-command.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { mistakeWords } from "../../text/schema-mistake.ts";

/** The fields of every record: the choices made at the first start. What runs is always looked up. */
export const recordFields = {
  /** The id under which its processes, links and cgroups are found. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** The index of its addresses, 0 to 255. */
  addressIndex: z.int().min(0).max(255),
  registryPort: z.int().min(1).max(65535),
  /** The folder that holds the toolbox and the assembled image. */
  cacheDirectory: z.string(),
  /** The Redis image by digest, once it has been pushed. */
  redisImage: z.string().optional(),
};

/** What every record has. */
export type CommonRecord = z.infer<z.ZodObject<typeof recordFields>>;

/** A kind of throwaway swarm, and the form of its record. */
export interface SwarmKind<T extends CommonRecord = CommonRecord> {
  readonly name: "sandbox" | "lab";
  readonly record: z.ZodType<T>;
}

/** The file in a folder that holds its record, and that identifies the folder. */
export function recordPath({ name }: Pick<SwarmKind, "name">, directory: string): string {
  return join(directory, `${name}.json`);
}

/**
 * Reads the record in a folder; undefined when there is none.
 *
 * @throws InputError when the file is not such a record
 */
export function readRecord<T extends CommonRecord>(kind: SwarmKind<T>, directory: string): T | undefined {
  const path = recordPath(kind, directory);
  let text: string;
  try {
    text = readRegularFile(path);
  } catch (error) {
    if (z.object({ code: z.enum(["ENOENT", "ENOTDIR"]) }).safeParse(error).success) return undefined;
    if (!(error instanceof NoRegularFileError)) throw error;
    text = "";
  }
  const { data, error } = kind.record.safeParse(jsonOrUndefined(text));
  if (data) return data;
  throw new InputError({
    path,
    expected: `the record of a ${kind.name}`,
    got: error ? mistakeWords(error) : "something else",
    fix: `Remove the ${kind.name} with \`${advised(`${kind.name} stop`)}\` and start it again`,
  });
}

/** Writes a record whole or not at all. */
export async function writeRecord<T extends CommonRecord>(
  kind: SwarmKind<T>,
  directory: string,
  record: T,
): Promise<void> {
  const path = recordPath(kind, directory);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
