/** What is asked of a PostgreSQL over its network, as a user that may read its log and nothing else. */
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";
import { backupSecretFiles, postgresqlBackupUser, type BackupConfiguration } from "../protocol.ts";
import { lastSaid, programEnvironment, programVersion, requireSameVersion } from "./programs.ts";
import { lsnWords, parseLsn } from "./wal.ts";

/** The server keeps the log for the backup from the place on that this slot has. */
const slot = "holdfast_backup";

const questionLimitMs = 15_000;

const lsn = z.string().transform((text, context) => {
  const read = parseLsn(text);
  if (read !== undefined) return read;
  context.issues.push({ code: "custom", message: "expected a place in the log", input: text });
  return z.NEVER;
});

const stateSchema = z.object({
  /** Up to where the log is on the server's disk. */
  flushed: lsn,
  timeline: z.string().transform((text) => Number.parseInt(text, 16)),
  /** Which database this is: `initdb` has given it. */
  system: z.string(),
  segmentBytes: z.number(),
  /** Its major version. */
  version: z.number(),
  /** From where on the server keeps the log for the backup; null where it does not, or has lost it. */
  kept: lsn.nullable(),
});

/** How far a server is, and who it is. */
export type ServerState = z.infer<typeof stateSchema>;

const stateQuestion = `SELECT json_build_object(
  'flushed', pg_current_wal_flush_lsn(),
  'timeline', left(pg_walfile_name(pg_current_wal_flush_lsn()), 8),
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'segmentBytes', (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'),
  'version', current_setting('server_version_num')::int / 10000,
  'kept', (SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '${slot}' AND wal_status <> 'lost'))`;

/** A PostgreSQL that is backed up. */
export class Server {
  readonly #configuration: Pick<BackupConfiguration, "server" | "secrets">;
  #programs: number | undefined;

  constructor(configuration: Pick<BackupConfiguration, "server" | "secrets">) {
    this.#configuration = configuration;
  }

  /** What tells PostgreSQL's programs which server is meant; the password is in a file. */
  get connection(): string {
    const { host, port } = requireServer(this.#configuration);
    return `host=${host} port=${port} user=${postgresqlBackupUser} dbname=postgres connect_timeout=10 application_name=holdfast-backup`;
  }

  /** The environment in which PostgreSQL's programs may sign in. */
  async environment(): Promise<Record<string, string>> {
    const file = join(this.#configuration.secrets, backupSecretFiles.server);
    return { ...(await programEnvironment()), PGPASSFILE: file };
  }

  /** @throws SituationError when it does not answer, or is of another major version */
  async state(): Promise<ServerState> {
    const state = stateSchema.parse(jsonOrUndefined(await this.#ask(stateQuestion)));
    this.#programs ??= await programVersion();
    requireSameVersion(state.version, this.#programs);
    return state;
  }

  /** Lets the server keep the log from now on, and gives the place from which it does. */
  async keepLog(): Promise<number> {
    await this.#ask(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`);
    return lsn.parse(await this.#ask(`SELECT lsn FROM pg_create_physical_replication_slot('${slot}', true)`));
  }

  /** Allows the server to remove the log before a place. */
  async releaseLog(before: number): Promise<void> {
    await this.#ask(`SELECT pg_replication_slot_advance('${slot}', '${lsnWords(before)}')`);
  }

  async #ask(question: string): Promise<string> {
    const { failed, stdout, stderr, timedOut, originalMessage } = await execa(
      "psql",
      ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--dbname", this.connection, "--command", question],
      { env: await this.environment(), extendEnv: false, reject: false, timeout: questionLimitMs, stdin: "ignore" },
    );
    if (!failed) return stdout.trim();
    const { host } = requireServer(this.#configuration);
    const said = timedOut ? "no answer" : stderr === "" ? (originalMessage ?? "") : lastSaid(stderr);
    throw new SituationError({ what: `The server ${host} does not answer the backup: ${said}`, fix: fixFor(said) });
  }
}

function fixFor(said: string): string {
  if (/password authentication failed|role .* does not exist|no pg_hba.conf entry/u.test(said))
    return `Start the server again with its backup declared: its start script makes the user ${postgresqlBackupUser}, and gives it its password`;
  if (/wal_level/u.test(said)) return "Set wal_level to replica, which is the default, and start the server again";
  if (/max_replication_slots|replication slots are in use/u.test(said)) return "Raise max_replication_slots by one";
  return "Check whether it runs; the companion goes on by itself";
}

function requireServer({ server }: Pick<BackupConfiguration, "server">) {
  if (server) return server;
  throw new SituationError({
    what: "The configuration of the backup does not say where its PostgreSQL is",
    fix: "Let Holdfast's component start this program",
  });
}
