import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { NoRegularFileError, readRegularFile } from "../../swarm/engine/regular-file.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";

/**
 * Reads the record of a lab or a sandbox; undefined when there is none.
 *
 * @param refusal.expected - what the file should be
 * @throws InputError when the file is not such a record
 */
export async function readRecord<T>(
  path: string,
  schema: z.ZodType<T>,
  refusal: { expected: string; fix: string },
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readRegularFile(path);
  } catch (error) {
    if (z.object({ code: z.enum(["ENOENT", "ENOTDIR"]) }).safeParse(error).success) return undefined;
    if (!(error instanceof NoRegularFileError)) throw error;
    text = "";
  }
  const record = schema.safeParse(jsonOrUndefined(text));
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  const got = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : "something else";
  throw new InputError({ path, got, ...refusal });
}

/** Writes a record whole or not at all. */
export async function writeRecord(path: string, record: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
