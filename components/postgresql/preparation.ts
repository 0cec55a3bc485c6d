import { serverAccess } from "../../backup/postgresql/access.ts";
import { findImage, majorVersion } from "../../model/image/catalogue.ts";
import { isKnown, parseImageReference } from "../../model/service/definition.ts";
import { requirePassword } from "../../model/service/password.ts";
import { InputError } from "../../text/input-error.ts";
import { matching } from "../../text/matching.ts";
import { requireWhole } from "../../text/whole-number.ts";

/** The port that PostgreSQL listens on inside the container. */
export const postgresqlPort = 5432;

/** Where a major version of the official image declares its `VOLUME`. */
export interface PostgresqlPaths {
  /** Where the volume is mounted. */
  mount: string;
  /** `PGDATA`: below the mount, because `initdb` wants an empty folder and the volume carries a mark. */
  data: string;
}

/**
 * Where PostgreSQL keeps its data; the official image moved it with version 18.
 *
 * @param path - the version's path, for the error
 * @throws InputError when this is no major version from 13 on
 * @see https://github.com/docker-library/docs/tree/master/postgres#pgdata
 */
export function postgresqlPaths(majorVersion: number, path: string): PostgresqlPaths {
  requireWhole(majorVersion, 13, 99, path);
  if (majorVersion >= 18) return { mount: "/var/lib/postgresql", data: `/var/lib/postgresql/${majorVersion}/docker` };
  return { mount: "/var/lib/postgresql/data", data: "/var/lib/postgresql/data/pgdata" };
}

/**
 * Checks the name of a user or a database.
 *
 * @throws InputError when it would have to be quoted in SQL
 */
export const requireSqlName = matching(/^[a-z_][a-z0-9_]{0,62}$/u, {
  expected: "at most 63 lower-case letters, digits and '_', not beginning with a digit",
  fix: "Choose a name that SQL takes unquoted",
});

/**
 * Checks the password of a user, which the start script writes into a statement.
 *
 * @param path - its path, for the error
 * @throws InputError when it is empty, or holds a line break, a quote or a backslash; it shows no part of it
 */
export function requirePostgresqlPassword(password: string, path: string): string {
  requirePassword(password, path);
  if (!/['\\]/u.test(password)) return password;
  throw new InputError({
    path,
    expected: "a password without quotes and backslashes",
    got: "one with them",
    fix: "Choose another",
  });
}

/**
 * Checks a major version against the image that is to run it.
 *
 * @param image - a reference; without a version in its tag, nothing is compared
 * @param path - the version's path, for the error
 * @throws InputError when the image has another version, which would look for the data elsewhere
 */
export function requireVersionOfImage(version: number, image: string, path: string): void {
  const reference = parseImageReference(image);
  const entry = findImage(reference, undefined);
  const tagged = isKnown(entry) && entry?.name === "postgres" ? majorVersion(reference.tag) : undefined;
  if (tagged === undefined || tagged === version) return;
  throw new InputError({
    path,
    expected: `${tagged}, the version of the image`,
    got: String(version),
    fix: `Write ${tagged}, or choose an image of PostgreSQL ${version}; data of another major version needs pg_upgrade`,
  });
}

/** The file with the password of the backup's user in the server's container. */
export const postgresqlBackupPasswordFile = "/run/secrets/backup-password";

/** Where the official image looks for what it runs once, when it has made the data. */
export const postgresqlFirstStartPath = "/docker-entrypoint-initdb.d/holdfast-backup.sh";

/**
 * Shell lines that apply the declared password: the image sets it only when it creates the data.
 *
 * PostgreSQL's single-user mode reads one statement a line; the password comes from a file and shows in no argument.
 *
 * @see https://www.postgresql.org/docs/current/app-postgres.html (single-user mode)
 */
export function postgresqlPreparation(user: string, passwordFile: string, isBackedUp: boolean): string {
  return `if [ -s "$PGDATA/PG_VERSION" ]; then
  read -r password < ${passwordFile} || true
  case $password in *\\'*|*\\\\*) refuse "the password of ${user}: expected one without quotes and backslashes, got another. Choose another.";; esac
  echo "ALTER ROLE \\"${user}\\" PASSWORD '$password'" | postgres --single -D "$PGDATA" postgres > /dev/null
${isBackedUp ? backupAccess('postgres --single -D "$PGDATA" postgres') : ""}fi
`;
}

/** The script that lets a backup sign in to a server whose data has just been made. */
export function postgresqlFirstStart(): string {
  return `# Written by Holdfast: lets the backup sign in.
set -eu
${backupAccess('psql --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres')}`;
}

/** Shell lines that let a backup sign in. Where the access cannot be noted, the server starts all the same, and the backup says why it does not. */
function backupAccess(sql: string): string {
  const { statements, lines } = serverAccess("$backup_password");
  const escaped = statements.map((statement) => statement.replaceAll("$$", "\\$\\$"));
  return `read -r backup_password < ${postgresqlBackupPasswordFile} || true
${sql} > /dev/null <<HOLDFAST
${escaped.join("\n")}
HOLDFAST
if ! grep -q "^${lines[0] ?? ""}" "$PGDATA/pg_hba.conf"; then
  { { ${lines.map((line) => `echo "${line}"`).join("; ")}; cat "$PGDATA/pg_hba.conf"; } > "$PGDATA/pg_hba.conf.new" && mv "$PGDATA/pg_hba.conf.new" "$PGDATA/pg_hba.conf"; } || echo "holdfast: no room to let the backup sign in" >&2
fi
`;
}
