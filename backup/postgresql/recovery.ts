import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { SituationError } from "../../text/situation-error.ts";
import { NotJudgedError } from "../check/not-judged.ts";
import { lastSaid, programEnvironment } from "./programs.ts";
import { postgresqlBackupUser } from "../protocol.ts";

const lookEveryMs = 200;

/** Which state a server is to come to. */
export interface RecoveryTarget {
  /** The server's own folder. */
  readonly data: string;
  /** The folder with the segments of the log. */
  readonly log: string;
  /** The last second whose commits count; undefined for all of the log. */
  readonly lastSecond: number | undefined;
}

/**
 * Lets a server without network play the log back and stop there, so that the next one that starts on the folder finds it ready. Counts
 * the rows of all tables, for which each of them is read.
 *
 * @throws SituationError when it does not come to that state, or a table cannot be read
 */
export async function recover(target: RecoveryTarget, temporaryFolder: string): Promise<number> {
  const folder = await mkdtemp(join(temporaryFolder, "holdfast-pg-"));
  try {
    await writeFile(join(target.data, "recovery.signal"), "");
    const isThere = await runServer(folder, target, () => countRows(folder)).catch((error: unknown) => {
      // Nothing was committed after the time that is wanted: all of the log counts.
      if (error instanceof TargetNotReachedError) return undefined;
      throw error;
    });
    return isThere ?? (await runServer(folder, { ...target, lastSecond: undefined }, () => countRows(folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The log has nothing that was committed after the target. */
class TargetNotReachedError extends SituationError {}

async function runServer<T>(
  folder: string,
  { data, log, lastSecond }: RecoveryTarget,
  use: () => Promise<T>,
): Promise<T> {
  const access = join(folder, "pg_hba.conf");
  await writeFile(access, "local all all trust\n");
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: "",
    unix_socket_directories: folder,
    port: "5432",
    hba_file: access,
    ssl: "off",
    hot_standby: "off",
    archive_mode: "off",
    autovacuum: "off",
    logging_collector: "off",
    log_destination: "stderr",
    log_min_messages: "warning",
    restore_command: `cp '${log}/%f' '%p'`,
    recovery_target_timeline: "current",
    recovery_target_action: "promote",
    ...(lastSecond !== undefined && {
      recovery_target_time: new Date((lastSecond + 1) * 1000).toISOString().replace("Z", "+00"),
      recovery_target_inclusive: "off",
    }),
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = execa("postgres", ["-D", data, ...words], {
    ...{ env: await programEnvironment(), extendEnv: false, reject: false, stdin: "ignore", all: true },
    maxBuffer: 1024 ** 2,
  });
  const ended = new AbortController();
  void server.then(() => {
    ended.abort();
  });
  try {
    while (!ended.signal.aborted && !(await isReady(folder)))
      await sleep(lookEveryMs, undefined, { signal: ended.signal }).catch(() => undefined);
    if (!ended.signal.aborted) {
      const result = await use();
      server.kill("SIGINT");
      const { exitCode, all } = await server;
      if (exitCode === 0) return result;
      throw notRecovered(all);
    }
    const { all, signal } = await server;
    if (signal === "SIGKILL") throw new NotJudgedError("The server that plays the log back");
    throw notRecovered(all);
  } finally {
    server.kill("SIGKILL");
    await server;
  }
}

function notRecovered(said: string): SituationError {
  // One of its own processes, which takes the memory.
  if (said.includes("was terminated by signal 9")) return new NotJudgedError("The server that plays the log back");
  if (said.includes("recovery ended before configured recovery target was reached"))
    return new TargetNotReachedError({ what: "The log ends before the time", fix: "Take all of it" });
  return new SituationError({
    what: `A server did not come to the state: ${lastSaid(said)}`,
    fix: /incompatible with server|was initialized by PostgreSQL/u.test(said)
      ? "Use an image with the major version of the server that was backed up"
      : "Take another time; `verify` says which part is damaged",
  });
}

/** Whether the server has come to the state, and takes commands. */
async function isReady(folder: string): Promise<boolean> {
  return ask(folder, postgresqlBackupUser, "postgres", "SELECT pg_is_in_recovery()").then(
    (answer) => answer === "f",
    () => false,
  );
}

/** The rows of all tables. */
async function countRows(folder: string): Promise<number> {
  const first = "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1";
  const superuser = await ask(folder, postgresqlBackupUser, "postgres", first);
  const databases = await ask(
    folder,
    superuser,
    "postgres",
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate",
  );
  let rows = 0;
  for (const database of databases.split("\n"))
    for (const count of (await ask(folder, superuser, database, countQuestion)).split("\n")) rows += Number(count);
  return rows;
}

const countQuestion = String.raw`SELECT format('SELECT count(*) FROM ONLY %s', c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \gexec
`;

async function ask(folder: string, user: string, database: string, question: string): Promise<string> {
  const { failed, stdout, stderr } = await execa(
    "psql",
    [
      ...["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--variable", "ON_ERROR_STOP=1"],
      ...["--host", folder, "--port", "5432", "--username", user, "--no-password"],
    ],
    {
      env: { ...(await programEnvironment()), PGDATABASE: database },
      ...{ extendEnv: false, reject: false, input: question.includes("\\gexec") ? question : `${question};\n` },
    },
  );
  if (!failed) return stdout.trim();
  throw new SituationError({
    what: `A server that has come to the state cannot read ${database}: ${lastSaid(stderr)}`,
    fix: "Take another time; `verify` says which part is damaged",
  });
}
