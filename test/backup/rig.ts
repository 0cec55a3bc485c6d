/** A real Redis, a real restic and the real program of the backups, in a folder of their own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Redis } from "ioredis";
import { backupLineSchema, type BackupConfiguration, type BackupLine } from "../../backup/protocol.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import { backupToolbox } from "../../lab/images/backup.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { Steps } from "./faults/steps.ts";
import { weakenKey } from "./weak-key.ts";

const program = join(import.meta.dirname, "../../backup/main.ts");

/** The environment of a program whose clock is ahead, and jumps forward with each SIGUSR2. */
export function clockEnvironment(aheadSeconds: number, jumpSeconds = 0): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--import ${join(import.meta.dirname, "clock.ts")}`,
    HOLDFAST_TEST_CLOCK_SECONDS: String(aheadSeconds),
    HOLDFAST_TEST_CLOCK_JUMP_SECONDS: String(jumpSeconds),
  };
}

/** What a companion is told besides its places. */
export interface RigOptions {
  readonly store?: string;
  readonly kind?: "log" | "snapshot";
  /** What is followed instead of a Redis. */
  readonly file?: BackupConfiguration["file"];
  readonly everySeconds?: number | undefined;
  readonly keepDays?: number;
  readonly lateAfterSeconds?: number;
  readonly repository?: string;
  /** The folder of the secrets. */
  readonly secrets?: string;
  readonly canary?: BackupConfiguration["canary"];
  /** The file of the status. */
  readonly status?: string;
  readonly drill?: { everySeconds: number; level: "load" | "drill" };
}

/** The machine that it pretends to run on. */
export interface RigMachine {
  /** Each start of the program has a host name of its own, as each container has. @default false */
  readonly hasOwnHostnames?: boolean;
}

/** The result of a command of the program. */
export interface Ran {
  readonly exitCode: number | undefined;
  readonly lines: readonly BackupLine[];
  /** The last line, without which nothing was said. */
  readonly last: BackupLine;
}

/** A running companion. */
export interface RunningCompanion {
  readonly process: ChildProcess;
  /** What it has said so far. */
  said(): string;
  /** Lets it end by itself, and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Kills it and all that it has started at once, as the loss of the node does; it must have a group of its own. */
  killGroup(): void;
}

const canaryPassword = "password-of-the-canary";

/** Everything that one test needs, in one folder. */
export class Rig {
  /** What the repository is encrypted with. */
  static readonly password = "a password";
  readonly folder: string;
  readonly data: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #options: RigOptions;
  readonly #machine: RigMachine;
  #starts = 0;
  readonly #ended: (() => Promise<unknown>)[] = [];
  /** Where the server listens. */
  readonly socket: string;

  private constructor(
    folder: string,
    environment: Readonly<Record<string, string>>,
    options: RigOptions,
    machine: RigMachine,
  ) {
    this.folder = folder;
    this.data = join(folder, "data");
    this.socket = join(folder, "redis.sock");
    this.#environment = environment;
    this.#options = options;
    this.#machine = machine;
  }

  static async create(options: RigOptions = {}, machine: RigMachine = {}): Promise<Rig> {
    await fillToolbox(testCacheDirectory, () => undefined);
    const { environment } = await backupToolbox(testCacheDirectory);
    const folder = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
    const rig = new Rig(folder, environment, options, machine);
    for (const name of ["data", "secrets", "tmp"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "secrets", "repository-password"), `${Rig.password}\n`);
    await writeFile(join(folder, "secrets", "canary-password"), canaryPassword);
    return rig;
  }

  /** What stands before the programs of the path: {@link Steps}. */
  get stepsFolder(): string {
    return join(this.folder, "steps");
  }

  /** Counts the calls of programs, and lets faults happen there. */
  async countSteps(...programs: string[]): Promise<Steps> {
    return Steps.install(this.stepsFolder, this.#environment["PATH"] ?? "", programs);
  }

  /** The repository's folder. */
  get repository(): string {
    return this.#options.repository ?? join(this.folder, "repository");
  }

  /** Makes the repository with a key that is derived at once. */
  async makeRepository(): Promise<void> {
    await this.restic("init");
    await weakenKey(this.repository, Rig.password);
  }

  /** How the companion signs in to the server, for the canary. */
  get canary(): RigOptions["canary"] {
    return { host: this.socket, port: 1, username: "backup" };
  }

  /** Starts a server on a data folder; a client of it is closed with the rig. */
  async startRedis(
    data = this.data,
    settings: readonly string[] = [],
  ): Promise<{ redis: Redis; server: ChildProcess }> {
    const log = this.#options.kind === "snapshot" ? "no" : "yes";
    const server = spawn(
      "redis-server",
      [
        ...["--port", "0", "--unixsocket", this.socket, "--dir", data, "--save", "", "--appendonly", log],
        ...[
          "--enable-debug-command",
          "yes",
          "--aof-timestamp-enabled",
          "yes",
          "--auto-aof-rewrite-percentage",
          "0",
          // Else what is acknowledged may come into the log two seconds later, when the disk is slow.
          "--appendfsync",
          "always",
          ...["--user", "backup", "on", `>${canaryPassword}`, "~holdfast:canary", "-@all", "+set", "+get"],
          ...settings,
        ],
      ],
      { env: { ...process.env, ...this.#environment }, stdio: "ignore" },
    );
    this.#ended.push(() => ended(server, "SIGKILL"));
    const redis = new Redis({ path: this.socket, maxRetriesPerRequest: null, retryStrategy: () => 50 });
    redis.on("error", () => undefined);
    this.#ended.push(() => {
      redis.disconnect();
      return Promise.resolve();
    });
    const answers = async (): Promise<boolean> => {
      while ((await redis.ping().catch(() => "")) !== "PONG") await sleep(50);
      return true;
    };
    const isUp = await Promise.race([answers(), once(server, "exit").then(() => false)]);
    if (!isUp) throw new Error("the server has ended at its start");
    return { redis, server };
  }

  /** Starts another program of the server's; it ends with the rig. */
  start(name: string, words: readonly string[]): ChildProcess {
    const child = spawn(name, words, { env: { ...process.env, ...this.#environment }, stdio: "ignore" });
    this.#ended.push(() => ended(child, "SIGKILL"));
    return child;
  }

  /** Starts a companion. */
  follow(
    options: RigOptions = {},
    status = "status",
    {
      hasOwnGroup = false,
      environment = {},
      words = ["follow"],
    }: { hasOwnGroup?: boolean; environment?: Readonly<Record<string, string>>; words?: readonly string[] } = {},
  ): RunningCompanion {
    const [command, ...all] = this.#programWords(...words);
    const child = spawn(command, all, {
      env: { ...this.environment(options, status), ...environment },
      stdio: ["ignore", "pipe", "inherit"],
      detached: hasOwnGroup,
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    this.#ended.push(() => ended(child, "SIGKILL"));
    return {
      process: child,
      said: () => text,
      stop: (signal = "SIGTERM") => ended(child, signal),
      killGroup: () => {
        if (hasOwnGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      },
    };
  }

  /** Runs another command of the program. */
  async run(
    words: readonly string[],
    options: RigOptions = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    const [command, ...all] = this.#programWords(...words);
    const { exitCode, stdout } = await execa(command, all, {
      env: { ...this.environment(options), ...environment },
      extendEnv: false,
      reject: false,
      stderr: "inherit",
    });
    const lines = stdout.split("\n").map((line) => backupLineSchema.parse(JSON.parse(line)));
    return { exitCode, lines, last: lines.at(-1) ?? { type: "error", message: "nothing was said" } };
  }

  /** What starts the program; its process is the one that is started. */
  #programWords(...words: readonly string[]): readonly [string, ...string[]] {
    const all = [process.execPath, program, ...words] as const;
    if (this.#machine.hasOwnHostnames !== true) return all;
    const hostname = `start-${++this.#starts}`;
    return ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', hostname, ...all];
  }

  /** Runs restic itself. */
  async restic(...words: string[]): Promise<string> {
    const { stdout } = await execa("restic", words, { env: this.environment(), extendEnv: false });
    return stdout;
  }

  /**
   * Waits until a restore of all that was delivered would hold what was written last.
   *
   * @param aheadSeconds - by which the companion's clock is ahead
   */
  async delivered(companion: RunningCompanion, seconds = 60, aheadSeconds = 0): Promise<void> {
    const begin = Date.now() / 1000;
    const file = join(this.folder, "status");
    while (Date.now() / 1000 - begin < seconds) {
      const { deliveredSeconds } = JSON.parse(await readFile(file, "utf8").catch(() => '{"deliveredSeconds":0}')) as {
        deliveredSeconds: number;
      };
      if (deliveredSeconds > begin + aheadSeconds && isRestorable(companion.said())) return;
      if (companion.process.exitCode !== null || companion.process.signalCode !== null) break;
      await sleep(50);
    }
    throw new Error(`nothing was delivered:\n${companion.said()}`);
  }

  environment(options: RigOptions = {}, status = "status"): Record<string, string> {
    const configuration = {
      ...{ store: "shop/prod/redis", data: this.data, kind: "log", repository: this.repository, everySeconds: 1 },
      ...{ secrets: join(this.folder, "secrets"), status: join(this.folder, status) },
      ...(this.#options.file && { kind: "file" }),
      ...this.#options,
      ...options,
    };
    return {
      ...this.#environment,
      PATH: `${this.stepsFolder}${delimiter}${this.#environment["PATH"] ?? ""}`,
      HOME: this.folder,
      TMPDIR: join(this.folder, "tmp"),
      RESTIC_PASSWORD_FILE: join(this.folder, "secrets", "repository-password"),
      RESTIC_REPOSITORY: this.repository,
      NODE_COMPILE_CACHE: join(this.folder, "tmp", "compiled"),
      RESTIC_CACHE_DIR: join(this.folder, "tmp", "holdfast-restic-cache"),
      HOLDFAST_BACKUP: JSON.stringify(configuration),
    };
  }

  /** Ends all that was started, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ended.toReversed()) await end();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Whether what a companion follows has a base, as far as its own words tell: one that begins a generation sends that beside the log. */
function isRestorable(said: string): boolean {
  const begun = Array.from(said.matchAll(/generation (\S+) begins/gu), ([, name]) => name).at(-1);
  if (begun !== undefined) return said.includes(`The base ${begun}.`);
  return /The (?:base|snapshot) .* is delivered|Going on/u.test(said);
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
  return child.exitCode;
}
