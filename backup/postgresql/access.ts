import { postgresqlBackupUser } from "../protocol.ts";

/** How much of its log a server keeps for a backup that does not come to fetch it. */
const keptLog = "1GB";

/** The secret that the backup signs in with, in the form of PostgreSQL's password file. */
export function passwordFileFor(password: string): string {
  return `*:*:*:${postgresqlBackupUser}:${password}\n`;
}

/** What lets a backup sign in to a server. */
export interface ServerAccess {
  /** The statements, one a line, as PostgreSQL's single-user mode reads them. */
  readonly statements: readonly string[];
  /** The lines that go before those of pg_hba.conf. */
  readonly lines: readonly string[];
}

/**
 * What lets a backup sign in to a server. The limit on the log that is kept stays with the data, as the log does, when the backup is taken
 * out.
 *
 * @param password - without quotes; or a shell's word for it
 */
export function serverAccess(password: string): ServerAccess {
  const user = postgresqlBackupUser;
  return {
    statements: [
      "SET password_encryption = 'scram-sha-256';",
      `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') THEN CREATE ROLE ${user}; END IF; END $$;`,
      `ALTER ROLE ${user} LOGIN REPLICATION CONNECTION LIMIT 10 PASSWORD '${password}';`,
      `ALTER SYSTEM SET max_slot_wal_keep_size = '${keptLog}';`,
    ],
    lines: ["replication", "postgres"].map((database) => `host ${database} ${user} all scram-sha-256`),
  };
}
