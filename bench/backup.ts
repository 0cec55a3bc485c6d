import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Redis } from "ioredis";
import { backupConfigurationVariable, backupSecretFiles, type BackupConfiguration } from "../backup/protocol.ts";
import { backupToolbox, pushBackupImage } from "../lab/images/backup.ts";
import type { Sandbox } from "../lab/sandbox.ts";
import { measurePairs, type Pair, resultOf, row } from "./paired.ts";

const cacheDirectory = join(import.meta.dirname, "../.holdfast/cache");
const port = 10_170;
const valueBytes = 1000;
const probeMs = 10;

/** How much data there is, and for how long each run writes. */
export interface BackupLoad {
  dataBytes: number;
  runSeconds: number;
}

/** What one run under load showed. */
interface LoadRun {
  writesPerSecond: number;
  p99Ms: number;
  /** The longest time in which another client got no answer. */
  gapMs: number;
}

/** What a running backup costs a Redis under full write load: its companion at work, against the same companion frozen. */
export async function* compareBackup(
  sandbox: Sandbox,
  load: BackupLoad = { dataBytes: 2 * 1024 ** 3, runSeconds: 15 },
): AsyncGenerator<string> {
  await using store = await BackedUpStore.create(sandbox, load);
  const size = `${(load.dataBytes / 1024 ** 3).toFixed(1)} GiB`;
  yield* rows(`a Redis of ${size} with a running backup / without`, await store.compare(false));
  yield* rows("the same just after a rewrite of the log, whose base is sent", await store.compare(true));
}

function* rows(name: string, pairs: readonly Pair<LoadRun>[]): Generator<string> {
  const pick = (quantity: keyof LoadRun) =>
    resultOf(pairs.map(({ subject, floor }) => ({ subject: subject[quantity], floor: floor[quantity] })));
  yield row(`${name}: writes per second`, pick("writesPerSecond"), "0.95", { unit: "per s", digits: 0 });
  yield row(`${name}: 99th percentile of a write's time`, pick("p99Ms"), "", { unit: "ms" });
  yield row(`${name}: longest time without an answer`, pick("gapMs"), "", { unit: "ms", digits: 0 });
}

/** A Redis and its companion, as services of a sandbox. */
class BackedUpStore implements AsyncDisposable {
  readonly #sandbox: Sandbox;
  readonly #load: BackupLoad;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #redis: Redis;
  #rewrites = 0;
  #isFrozen = false;

  private constructor(sandbox: Sandbox, load: BackupLoad, environment: Readonly<Record<string, string>>) {
    this.#sandbox = sandbox;
    this.#load = load;
    this.#environment = environment;
    this.#redis = new Redis({ host: sandbox.nodeAddress, port, maxRetriesPerRequest: null });
    // It is tried again until the server listens.
    this.#redis.on("error", () => undefined);
  }

  static async create(sandbox: Sandbox, load: BackupLoad): Promise<BackedUpStore> {
    const { environment } = await backupToolbox(cacheDirectory);
    const store = new BackedUpStore(sandbox, load, environment);
    await store.#createServer();
    await store.#fill();
    await store.#createCompanion(await pushBackupImage(sandbox, cacheDirectory));
    await store.#caughtUp();
    return store;
  }

  /** @param withRewrite - whether a rewrite of the log ends when a run begins: the backup then sends its base beside the log */
  async compare(withRewrite: boolean): Promise<Pair<LoadRun>[]> {
    const run = (isFrozen: boolean) => async (): Promise<LoadRun> => {
      await this.#freeze(isFrozen);
      if (withRewrite) await this.#rewrite();
      await this.#rewritten();
      return this.#underLoad();
    };
    return measurePairs(run(false), run(true));
  }

  async #createServer(): Promise<void> {
    const publish = `mode=host,published=${port},target=6379`;
    await this.#docker(
      ...["service", "create", "--quiet", "--name", "bench", "--publish", publish],
      ...["--mount", "type=volume,source=bench-data,target=/data", this.#sandbox.redisImage],
      ...["--appendonly", "yes", "--aof-timestamp-enabled", "yes", "--save", "", "--protected-mode", "no"],
      ...["--auto-aof-rewrite-percentage", "0"],
    );
  }

  /** Random values, which neither compress well nor are stored once for several. */
  async #fill(): Promise<void> {
    const text = randomBytes(8 * 1024 ** 2).toString("base64");
    const keys = Math.floor(this.#load.dataBytes / valueBytes);
    for (let key = 0; key < keys;) {
      const pipeline = this.#redis.pipeline();
      for (const end = Math.min(key + 1000, keys); key < end; key++) {
        const from = Math.floor(Math.random() * (text.length - valueBytes));
        pipeline.set(`data:${key}`, text.slice(from, from + valueBytes));
      }
      await pipeline.exec();
    }
    await this.#rewrite();
    await this.#rewritten();
    // The companion, which comes later, sends this one's base alone.
    this.#rewrites = 0;
  }

  async #createCompanion(image: string): Promise<void> {
    await this.#docker("secret", "create", "bench", "-");
    const configuration = {
      ...{ store: "bench", data: "/data", kind: "log", repository: "/repository" },
    } satisfies Partial<BackupConfiguration>;
    await this.#docker(
      ...["service", "create", "--quiet", "--name", "bench-backup", "--user", "999:999", "--limit-memory", "384M"],
      ...["--read-only", "--mount", "type=tmpfs,target=/tmp"],
      ...["--mount", "type=volume,source=bench-data,target=/data,readonly"],
      ...["--mount", "type=volume,source=bench-repository,target=/repository"],
      ...["--secret", `source=bench,target=${backupSecretFiles.password},uid=999,gid=999,mode=0400`],
      ...["--env", `${backupConfigurationVariable}=${JSON.stringify(configuration)}`, image, "follow"],
    );
  }

  /** Frozen, the companion and its restic take no processor at all; what it missed is delivered before the next run. */
  async #freeze(isFrozen: boolean): Promise<void> {
    if (this.#isFrozen) await this.#docker("unpause", await this.#companion());
    this.#isFrozen = false;
    await this.#caughtUp();
    if (isFrozen) await this.#docker("pause", await this.#companion());
    this.#isFrozen = isFrozen;
  }

  async #rewrite(): Promise<void> {
    await this.#redis.bgrewriteaof();
    this.#rewrites += 1;
  }

  async #rewritten(): Promise<void> {
    while (/aof_rewrite_(?:in_progress|scheduled):1/u.test(await this.#redis.info("persistence"))) await sleep(100);
  }

  /** Waits until all that was written, and each base, is delivered. */
  async #caughtUp(): Promise<void> {
    const began = Date.now();
    const companion = await this.#companion();
    for (;;) {
      const log = await this.#docker("logs", companion);
      const bases = log.split("The base ").length - 1;
      await this.#redis.set("caught up", Date.now());
      const said = await this.#docker("exec", companion, "node", "/opt/holdfast/backup/main.ts", "health").catch(
        String,
      );
      const age = Number(/was delivered (\d+) s ago/u.exec(said)?.[1] ?? Number.POSITIVE_INFINITY);
      if (bases > this.#rewrites && Date.now() - age * 1000 > began + 1000) return;
      await sleep(1000);
    }
  }

  async #companion(): Promise<string> {
    for (;;) {
      const found = await this.#docker("ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=bench-backup");
      if (found !== "") return found;
      await sleep(500);
    }
  }

  async #underLoad(): Promise<LoadRun> {
    const probe = new AbortController();
    const gap = this.#longestGap(probe.signal);
    // It writes for a given number of requests only: a trial tells how many fill the time.
    const { rate } = await this.#benchmark(20_000);
    const { rate: writesPerSecond, p99Ms } = await this.#benchmark(Math.round(rate * this.#load.runSeconds));
    probe.abort();
    return { writesPerSecond, p99Ms, gapMs: await gap };
  }

  async #benchmark(requests: number): Promise<{ rate: number; p99Ms: number }> {
    const { stdout } = await execa(
      "redis-benchmark",
      [
        ...["-h", this.#sandbox.nodeAddress, "-p", String(port), "-t", "set", "-n", String(requests), "-d", "100"],
        ...["-r", "200000", "-c", "50", "--csv"],
      ],
      { env: this.#environment },
    );
    const [names = [], values = []] = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(",").map((field) => field.replaceAll('"', "")));
    const value = (name: string): number => Number(values[names.indexOf(name)]);
    return { rate: value("rps"), p99Ms: value("p99_latency_ms") };
  }

  async #longestGap(signal: AbortSignal): Promise<number> {
    let longest = 0;
    for (let answered = performance.now(); !signal.aborted;) {
      await this.#redis.set("probe", Date.now());
      const now = performance.now();
      longest = Math.max(longest, now - answered);
      answered = now;
      await sleep(probeMs);
    }
    return longest;
  }

  async #docker(...words: string[]): Promise<string> {
    const program = this.#sandbox.dockerProgram ?? "docker";
    const { stdout } = await execa(program, ["--host", this.#sandbox.dockerHost, ...words], {
      input: randomBytes(16).toString("hex"),
    });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFrozen) await this.#docker("unpause", await this.#companion());
    this.#redis.disconnect();
    await this.#docker("service", "rm", "bench", "bench-backup");
  }
}
