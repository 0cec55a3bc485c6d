/** A real PostgreSQL, a real restic and the real program of the backups, in a folder of their own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { backupLineSchema } from "../../../backup/protocol.ts";
import { passwordFileFor, serverAccess } from "../../../backup/postgresql/access.ts";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { backupToolbox } from "../../../lab/images/backup.ts";
import { postgresqlToolbox } from "../../support/postgresql-image.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";
import type { Ran, RunningCompanion } from "../rig.ts";

const program = join(import.meta.dirname, "../../../backup/main.ts");

/** PostgreSQL refuses to run as root: here it is nobody, who in truth is whoever runs the tests, and may read what they may. */
const asNobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] as const;

const companionPassword = "derived";

/** Everything that one test needs, in one folder. */
export class PostgresqlRig {
  readonly folder: string;
  readonly port: number;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #everySeconds: number;
  readonly #ended: (() => Promise<unknown>)[] = [];

  private constructor(folder: string, environment: Readonly<Record<string, string>>, everySeconds: number) {
    this.folder = folder;
    this.port = 20_000 + Math.floor(Math.random() * 10_000);
    this.#environment = environment;
    this.#everySeconds = everySeconds;
  }

  static async create(everySeconds = 1): Promise<PostgresqlRig> {
    await fillToolbox(testCacheDirectory, () => undefined);
    const [backup, { toolbox }] = [await backupToolbox(testCacheDirectory), await postgresqlToolbox()];
    const path = [backup.environment["PATH"], toolbox.environment["PATH"]].join(delimiter);
    const folder = await mkdtemp(join(tmpdir(), "holdfast-backup-pg-"));
    const environment = { ...backup.environment, ...toolbox.environment, PATH: path, LC_ALL: "C" };
    const rig = new PostgresqlRig(folder, environment, everySeconds);
    for (const name of ["secrets", "tmp"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "secrets", "repository-password"), "a password\n");
    await rig.setPassword(companionPassword);
    return rig;
  }

  /** What the companion signs in with. */
  async setPassword(password: string): Promise<void> {
    const file = join(this.folder, "secrets", "pgpass");
    await rm(file, { force: true });
    await writeFile(file, passwordFileFor(password), { mode: 0o400 });
  }

  /** Starts a server on a data folder, which gets a database first where it has none. */
  async startServer(
    data = join(this.folder, "data", "pgdata"),
    settings: readonly string[] = [],
  ): Promise<ChildProcess> {
    if (!(await readFile(join(data, "PG_VERSION")).catch(() => undefined))) {
      await mkdir(data, { recursive: true, mode: 0o700 });
      const methods = ["--auth-local=trust", "--auth-host=reject"];
      await this.#execute("initdb", ["-D", data, "-U", "boss", ...methods, "--data-checksums", "-N"]);
      const { statements, lines } = serverAccess(companionPassword);
      const hba = join(data, "pg_hba.conf");
      const own = await readFile(hba, "utf8");
      await writeFile(hba, `${lines.join("\n")}\n${own}`);
      await appendFile(join(data, "postgresql.conf"), "fsync = off\n");
      await this.#execute("postgres", ["--single", "-D", data, "postgres"], `${statements.join("\n")}\n`);
    }
    const words = ["-c", "listen_addresses=127.0.0.1", "-c", `port=${this.port}`];
    const server = spawn(
      asNobody[0],
      [
        ...asNobody.slice(1),
        "postgres",
        "-D",
        data,
        "-k",
        this.folder,
        ...words,
        ...settings.flatMap((each) => ["-c", each]),
      ],
      { env: this.#environment, stdio: "ignore", detached: true },
    );
    this.#ended.push(() => ended(server, "SIGKILL"));
    for (let left = 300; left > 0; left--) {
      if ((await this.sql("SELECT pg_is_in_recovery()").catch(() => "")) === "f") return server;
      if (server.exitCode !== null) break;
      await sleep(100);
    }
    throw new Error("the server does not start");
  }

  /** Ends a server as a node does that loses its power, or as Swarm stops it. */
  async stopServer(server: ChildProcess, signal: "SIGKILL" | "SIGINT"): Promise<void> {
    await ended(server, signal);
  }

  /** Runs statements as the superuser. */
  async sql(statements: string): Promise<string> {
    const words = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", this.folder, "-p", String(this.port)];
    const { stdout } = await this.#execute("psql", [...words, "-U", "boss", "-c", statements, "postgres"]);
    return stdout;
  }

  /** Inserts numbers into the table `written`, one commit each, until it is stopped or the server is; gives what was acknowledged. */
  write(pauseMs = 5): { stop: () => Promise<number> } {
    const words = ["-X", "-A", "-t", "-h", this.folder, "-p", String(this.port), "-U", "boss", "postgres"];
    const psql = spawn("psql", words, { env: this.#environment, stdio: ["pipe", "pipe", "ignore"] });
    psql.stdin.on("error", () => undefined);
    this.#ended.push(() => ended(psql, "SIGKILL"));
    let acknowledged = 0;
    let isStopped = false;
    const next = (): void => {
      if (!isStopped) psql.stdin.write(`INSERT INTO written VALUES (${acknowledged + 1}, clock_timestamp());\n`);
    };
    createInterface(psql.stdout).on("line", (line) => {
      if (!line.startsWith("INSERT")) return;
      acknowledged += 1;
      setTimeout(next, pauseMs);
    });
    next();
    return {
      stop: async () => {
        isStopped = true;
        await sleep(pauseMs + 100);
        await ended(psql, "SIGKILL");
        return acknowledged;
      },
    };
  }

  /** Starts a companion. */
  follow(): Omit<RunningCompanion, "killGroup"> {
    const child = spawn(asNobody[0], [...asNobody.slice(1), process.execPath, program, "follow"], {
      env: this.#programEnvironment(),
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    this.#ended.push(() => ended(child, "SIGKILL"));
    return { process: child, said: () => text, stop: (signal = "SIGTERM") => ended(child, signal) };
  }

  /** Runs another command of the program. */
  async run(...words: string[]): Promise<Ran> {
    const { exitCode, stdout } = await execa(asNobody[0], [...asNobody.slice(1), process.execPath, program, ...words], {
      ...{ env: this.#programEnvironment(), extendEnv: false, reject: false, stderr: "inherit" },
    });
    const lines = stdout.split("\n").map((line) => backupLineSchema.parse(JSON.parse(line)));
    return { exitCode, lines, last: lines.at(-1) ?? { type: "error", message: "nothing was said" } };
  }

  /** Waits until a base is there, and all that was written before. */
  async delivered(companion: Pick<RunningCompanion, "said" | "process">): Promise<void> {
    for (let left = 600; left > 0 && !/The base .* is delivered|Going on/u.test(companion.said()); left--) {
      if (companion.process.exitCode !== null) break;
      await sleep(100);
    }
    const { exitCode, last } = await this.run("now");
    if (exitCode !== 0) throw new Error(`${JSON.stringify(last)}\n${companion.said()}`);
  }

  async #execute(program: string, words: readonly string[], input = ""): Promise<{ stdout: string }> {
    return execa(asNobody[0], [...asNobody.slice(1), program, ...words], {
      ...{ env: this.#environment, extendEnv: false, input },
    });
  }

  #programEnvironment(): Record<string, string> {
    const configuration = {
      ...{
        store: "shop/prod/orders",
        data: join(this.folder, "data"),
        kind: "postgresql",
        everySeconds: this.#everySeconds,
      },
      ...{
        repository: join(this.folder, "repository"),
        secrets: join(this.folder, "secrets"),
        status: join(this.folder, "status"),
      },
      server: { host: "127.0.0.1", port: this.port, folder: "pgdata" },
    };
    return {
      ...this.#environment,
      HOME: this.folder,
      TMPDIR: join(this.folder, "tmp"),
      HOLDFAST_BACKUP: JSON.stringify(configuration),
    };
  }

  /** Ends all that was started, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ended.toReversed()) await end();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends a process; with SIGKILL also what it has started, as the end of a container does. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  const exit = isOver ? undefined : once(child, "exit");
  try {
    if (signal === "SIGKILL" && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    child.kill(signal); // It is in no group of its own, or nothing is left of it.
  }
  await exit;
  return child.exitCode;
}
