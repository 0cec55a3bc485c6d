import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorWords } from "../text/error-text.ts";
import { InputError, showValue } from "../text/input-error.ts";
import { jsonOrUndefined, notJsonWords } from "../text/parse-json.ts";
import { mistakeWords } from "../text/schema-mistake.ts";
import {
  backupConfigurationSchema,
  backupConfigurationVariable,
  backupSecretFiles,
  type BackupConfiguration,
} from "./protocol.ts";

/**
 * Reads the configuration from the environment.
 *
 * @throws InputError when it is missing, has another form, or holds a password
 */
export function readBackupConfiguration(environment: NodeJS.ProcessEnv): BackupConfiguration {
  const text = environment[backupConfigurationVariable];
  const mistake = (expected: string, got: string, fix: string): InputError =>
    new InputError({ path: backupConfigurationVariable, expected, got, fix });
  const fix = "Let Holdfast's component or command line start this program";
  if (text === undefined) throw mistake("the configuration as JSON", "nothing", fix);
  const read = backupConfigurationSchema.safeParse(jsonOrUndefined(text));
  if (!read.success)
    throw mistake(
      "the configuration as JSON",
      jsonOrUndefined(text) === undefined ? notJsonWords(text) : mistakeWords(read.error),
      fix,
    );
  if (/:\/\/[^/@:]*:[^/@:]*@/u.test(read.data.repository))
    throw mistake(
      "a repository without a password in its address",
      "one with a password",
      `Put it into the secret ${backupSecretFiles.credentials}, such as RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD`,
    );
  return read.data;
}

/** Names of variables that restic reads credentials from (https://restic.readthedocs.io, "Environment variables"), and those of `ssh`'s files. */
const credentialNames =
  /^(?:AWS_[A-Z_]+|RESTIC_REST_(?:USERNAME|PASSWORD)|ST_[A-Z]+|OS_[A-Z_]+|SWIFT_[A-Z_]+|B2_ACCOUNT_(?:ID|KEY)|AZURE_[A-Z_]+|GOOGLE_[A-Z_]+|SFTP_(?:PRIVATE_KEY|KNOWN_HOSTS))$/u;

/** Whether a name is one that the companion takes a credential by. */
export function isCredentialName(name: string): boolean {
  return credentialNames.test(name);
}

/**
 * Reads the credentials of the repository's server, lines such as `AWS_ACCESS_KEY_ID=…`.
 *
 * @returns nothing when there is no such secret
 * @throws InputError for a line that is none; its value is not shown
 */
export async function readCredentials({ secrets }: BackupConfiguration): Promise<Readonly<Record<string, string>>> {
  const path = join(secrets, backupSecretFiles.credentials);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw new InputError({
      path,
      expected: "a secret that can be read",
      got: errorWords(error),
      fix: "Give it to the user that the companion runs as",
    });
  });
  return parseCredentials(text, path);
}

/** Reads the lines of {@link readCredentials}. */
export function parseCredentials(text: string, path: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/u).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const entries = lines
    .filter(({ line }) => line !== "" && !line.startsWith("#"))
    .map(({ line, number }): [string, string] => {
      const split = line.indexOf("=");
      const name = line.slice(0, Math.max(split, 0)).trim();
      if (split > 0 && isCredentialName(name)) return [name, line.slice(split + 1).trim()];
      throw new InputError({
        path: `${path}, line ${number}`,
        expected:
          "NAME=value with a name that restic reads credentials from, such as AWS_ACCESS_KEY_ID, or SFTP_PRIVATE_KEY",
        // A line without a name may be the secret itself.
        got: split > 0 ? `the name ${showValue(name)}` : "a line without a name",
        fix: "Write the names of restic's documentation",
      });
    });
  return Object.fromEntries(entries);
}
