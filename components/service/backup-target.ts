import { isCredentialName } from "../../backup/configuration.ts";
import { pathBelow } from "../../backup/protocol.ts";
import { isSftp, isSftpCredential, sftpCredentials } from "../../backup/repository/sftp.ts";
import { parseDuration } from "../../text/duration.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { matching } from "../../text/matching.ts";
import { isEventual } from "../arguments/arguments.ts";

/** The least memory in which the companion and restic run. */
export const leastBackupBytes = 128 * 1024 ** 2;

/**
 * Checks where a repository is.
 *
 * @param path - its path, for the error
 * @throws InputError when restic's way there is none of those that the companion takes, or names a password; it shows no part of
 * that
 */
export function requireRepository(repository: string, path: string): string {
  const kinds = "s3:, rest: or sftp:, and then what restic takes";
  if (/\/\/[^/@:]*:[^/@]*@/u.test(repository)) {
    throw new InputError({
      path,
      expected: "a repository without a password in it",
      got: "one with a name and a password before an @",
      fix: "Give them as credentials: RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  }
  if (/^(?:s3|rest|sftp):[^\s]+$/u.test(repository)) return repository;
  throw new InputError({
    path,
    expected: kinds,
    got: showValue(repository),
    fix: "Write for example s3:https://s3.example.com/bucket; a folder of the node is a `volume`",
  });
}

/**
 * Checks how often a backup is drilled.
 *
 * @throws InputError when it is less than a minute or more than 30 days
 */
export function requireDrillInterval(duration: string, path: string): string {
  const milliseconds = parseDuration(duration, path);
  if (milliseconds >= 60_000 && milliseconds <= 30 * 86_400_000) return duration;
  throw new InputError({
    path,
    expected: "1m to 720h",
    got: showValue(duration),
    fix: "Write for example 24h: each drill restores the whole state",
  });
}

/**
 * Checks how often something is sent.
 *
 * @throws InputError when it is less than a second or more than an hour
 */
export function requireInterval(duration: string, path: string): string {
  const milliseconds = parseDuration(duration, path);
  if (milliseconds >= 1000 && milliseconds <= 3_600_000) return duration;
  throw new InputError({
    path,
    expected: "1s to 1h",
    got: showValue(duration),
    fix: "Write for example 3s: so much is lost with the node",
  });
}

/** What is wrong with one of the keys to a repository, which is written on a line; only the files of `ssh` have several. It is not shown. */
export function credentialMistake(
  name: string,
  value: string,
): Pick<InputError, "expected" | "got" | "fix"> | undefined {
  const isEmpty = value.trim() === "";
  if (!isEmpty && (isSftpCredential(name) || !/[\r\n]/u.test(value))) return undefined;
  return {
    expected: "one line",
    got: isEmpty ? "an empty one" : "several",
    fix: "Give the key itself, without the line break of its file",
  };
}

/** What is wrong with what a backup is told of its server. */
export function serverMistake(given: {
  readonly kind?: unknown;
  readonly server?: unknown;
}): Pick<InputError, "expected" | "got" | "fix"> | undefined {
  const isNeeded = given.kind === "postgresql";
  if (isNeeded === (given.server !== undefined)) return undefined;
  return {
    expected: isNeeded ? "how the backup signs in to its PostgreSQL" : "nothing: only a backup of PostgreSQL signs in",
    got: isNeeded ? "nothing" : "something",
    fix: isNeeded
      ? 'Write { password, folder: "pgdata" }, or use the component PostgreSQL, which does'
      : "Leave it out",
  };
}

/** What is wrong with what a backup is told of the file that its service writes. */
export function fileMistake(given: {
  readonly kind?: unknown;
  readonly file?: unknown;
}): Pick<InputError, "expected" | "got" | "fix"> | undefined {
  const isNeeded = given.kind === "file";
  if (isNeeded === (given.file !== undefined)) return undefined;
  return {
    expected: isNeeded ? "which file the service writes for its backup" : "nothing, for any kind but BackupKind.file",
    got: isNeeded ? "nothing" : "something",
    fix: isNeeded ? 'Write { path: "backup/app.db", maxAge: "25h" }' : "Leave it out",
  };
}

/**
 * Checks the place of a file below the folder of a volume.
 *
 * @throws InputError when it leads elsewhere, or has characters that the names in a repository do not
 */
export const requirePathBelow = matching(pathBelow, {
  expected: "a path below the folder of the volume, of letters, digits, '.', '_', '-', '+' and '@'",
  fix: "Write for example backup/app.db",
});

/** What is wrong with a target whose parts are each valid. */
export function targetMistake(given: {
  readonly repository?: unknown;
  readonly volume?: unknown;
  readonly credentials?: unknown;
}): Pick<InputError, "expected" | "got" | "fix"> | undefined {
  const places = (["repository", "volume"] as const).filter((name) => given[name] !== undefined);
  if (places.length !== 1) {
    return {
      expected: "either a repository or a volume",
      got: places.length === 0 ? "neither" : "both",
      fix: 'Write for example { repository: "s3:https://s3.example.com/bucket", password }',
    };
  }
  const { credentials, repository } = given;
  if (typeof repository === "string" && isSftp(repository) && !isEventual(credentials)) {
    const missing = Object.values(sftpCredentials).find((name) => !Object.hasOwn(credentials ?? {}, name));
    if (missing !== undefined) {
      return {
        expected: `the credentials ${Object.values(sftpCredentials).join(" and ")} for a repository of sftp`,
        got: `no ${missing}`,
        fix: "Give the text of the companion's private key, and the line of the server's host key: see docs/backup.md",
      };
    }
  }
  const names = typeof credentials === "object" && credentials !== null ? Object.keys(credentials) : [];
  const wrong = names.find((name) => !isCredentialName(name));
  if (wrong === undefined) return undefined;
  return {
    expected: "credentials by the names of restic's variables",
    got: showValue(wrong),
    fix: "Write for example { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key }",
  };
}
