/** Backups that are recorded once, on a real Redis with the real companion; what is done to them is done to copies. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Redis } from "ioredis";
import { z } from "zod";
import { Rig, type Ran, type RigMachine, type RigOptions, type RunningCompanion } from "./rig.ts";
import { digestOf, rewrite, treacherous } from "./store.ts";

/** A state that the store really had at the end of a second. */
export interface Checkpoint {
  readonly seconds: number;
  readonly digest: string;
}

/** A snapshot of restic with one part of the backup. */
export interface StoredPart {
  readonly id: string;
  readonly file: string;
  readonly tags: readonly string[];
}

const snapshotsSchema = z.array(
  z.object({ id: z.string(), paths: z.tuple([z.string()]), tags: z.array(z.string()).default([]) }),
);

/** A repository that can be damaged, and the program run on it. */
export class RepositoryCopy {
  readonly folder: string;
  readonly store: string;
  readonly #rig: Rig;

  constructor(rig: Rig, folder: string, store = "shop/prod/redis") {
    this.#rig = rig;
    this.folder = folder;
    this.store = store;
  }

  /** The file with the password of the repository. */
  get passwordFile(): string {
    return join(this.#rig.folder, "secrets", "repository-password");
  }

  /** Runs the program of the backups. */
  async run(words: readonly string[], options: RigOptions = {}): Promise<Ran> {
    return this.#rig.run(words, { repository: this.folder, ...options });
  }

  /** Runs restic alone. */
  async restic(...words: string[]): Promise<string> {
    const env = { ...this.#rig.environment(), RESTIC_REPOSITORY: this.folder };
    const { stdout } = await execa("restic", ["--no-cache", ...words], { env, extendEnv: false });
    return stdout;
  }

  /** Starts restic with an input that does not end, and kills it. */
  async killRestic(...words: string[]): Promise<void> {
    const env = { ...this.#rig.environment(), RESTIC_REPOSITORY: this.folder };
    const restic = execa("restic", ["--no-cache", ...words], { env, extendEnv: false, stdin: "pipe", reject: false });
    for (let left = 100; left > 0 && (await readdir(join(this.folder, "locks"))).length === 0; left--) await sleep(50);
    restic.kill("SIGKILL");
    await restic;
  }

  /** Whether restic alone cannot read a part either. */
  async isUnreadable({ id, file }: StoredPart): Promise<boolean> {
    return this.restic("dump", "--no-lock", id, `/${file}`).then(
      () => false,
      () => true,
    );
  }

  /** The parts of one kind, in the order of their names. */
  async parts(kind: "log" | "base" | "snapshot"): Promise<readonly StoredPart[]> {
    const text = await this.restic("snapshots", "--json", "--no-lock", "--tag", `kind=${kind}`);
    return snapshotsSchema
      .parse(JSON.parse(text))
      .map(({ id, paths: [path], tags }) => ({ id, file: path.slice(1), tags }))
      .sort((one, other) => one.file.localeCompare(other.file));
  }

  /** Restic's own files of one kind. */
  async files(kind: "data" | "index" | "keys" | "snapshots"): Promise<readonly string[]> {
    const names = await readdir(join(this.folder, kind), { recursive: true });
    return names
      .filter((name) => /[0-9a-f]{64}$/u.test(name))
      .sort()
      .map((name) => join(this.folder, kind, name));
  }

  /** Stores other content under the tags and the name of a part, or of a changed one, and forgets the part. */
  async replace(part: StoredPart, content: Buffer, tags = part.tags): Promise<void> {
    await this.add(part, content, tags);
    await this.restic("forget", part.id);
  }

  /** Stores content as a part. */
  async add({ file }: Pick<StoredPart, "file">, content: Buffer, tags: readonly string[]): Promise<void> {
    const path = join(this.#rig.folder, `content-${Math.random()}`);
    await writeFile(path, content);
    const words = ["--stdin-filename", file, "--host", this.store, ...tags.flatMap((tag) => ["--tag", tag])];
    await this.restic("backup", "--stdin-from-command", ...words, "--", "cat", path);
    await rm(path);
  }

  /** The bytes of a part. */
  async content({ id, file }: StoredPart): Promise<Buffer> {
    const { stdout } = await execa("restic", ["--no-cache", "dump", id, `/${file}`], {
      env: { ...this.#rig.environment(), RESTIC_REPOSITORY: this.folder },
      extendEnv: false,
      encoding: "buffer",
      stripFinalNewline: false,
    });
    return Buffer.from(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A backup as its companion has left it. */
export class Recording {
  readonly rig: Rig;
  /** The oldest first; the last one is the newest state. */
  readonly checkpoints: readonly Checkpoint[];
  readonly #repository: string;
  #copies = 0;

  private constructor(rig: Rig, checkpoints: readonly Checkpoint[], repository = rig.repository) {
    this.rig = rig;
    this.checkpoints = checkpoints;
    this.#repository = repository;
  }

  /** A log of one generation, in two increments. */
  static async ofShortLog(machine: RigMachine = {}): Promise<Recording> {
    const rig = await Rig.create({ everySeconds: 0.3 }, machine);
    await rig.makeRepository();
    const { redis, server } = await rig.startRedis();
    const companion = rig.follow();
    await writeBatch(redis, 0);
    await rig.delivered(companion);
    await rewrite(redis);
    for (const batch of [1, 2]) {
      await writeBatch(redis, batch);
      await rig.delivered(companion);
    }
    await based(companion);
    const checkpoints = [await checkpoint(redis)];
    await companion.stop();
    await killed(server);
    return new Recording(rig, checkpoints);
  }

  /** A log with rewrites, kills, huge values and transactions, in two generations. */
  static async ofLog(): Promise<Recording> {
    const rig = await Rig.create({ everySeconds: 0.3 });
    await rig.makeRepository();
    const checkpoints: Checkpoint[] = [];
    let { redis, server } = await rig.startRedis();
    let companion = rig.follow();
    const write = async (batches: readonly number[]): Promise<void> => {
      for (const batch of batches) {
        await writeBatch(redis, batch);
        await rig.delivered(companion);
        checkpoints.push(await checkpoint(redis));
      }
    };
    await write([0, 1]);
    await rewrite(redis);
    await write([2]);
    await companion.stop("SIGKILL");
    await killed(server);
    ({ redis, server } = await rig.startRedis());
    companion = rig.follow();
    await write([3, 4]);
    await based(companion);
    await companion.stop();
    await killed(server);
    await rm(rig.data, { recursive: true });
    await mkdir(rig.data);
    ({ redis, server } = await rig.startRedis());
    companion = rig.follow();
    await write([5, 6]);
    await rewrite(redis);
    await write([7, 8, 9, 10]);
    await based(companion);
    await companion.stop();
    await killed(server);
    return new Recording(rig, checkpoints);
  }

  /** Two snapshots of a store without a log. */
  static async ofSnapshots(): Promise<Recording> {
    const rig = await Rig.create({ kind: "snapshot", everySeconds: 0.3 });
    await rig.makeRepository();
    const { redis, server } = await rig.startRedis();
    const companion = rig.follow();
    const checkpoints: Checkpoint[] = [];
    for (const batch of [0, 3]) {
      await writeBatch(redis, batch);
      await redis.save();
      await rig.delivered(companion);
      checkpoints.push(await checkpoint(redis));
    }
    await companion.stop();
    await killed(server);
    return new Recording(rig, checkpoints);
  }

  /** The same with nothing in it that the newest state does not need. */
  async lean(): Promise<Recording> {
    const copy = await this.copy();
    const { last } = await copy.run(["prune"], { keepDays: 1e-6 });
    if (last.type !== "result") throw new Error(JSON.stringify(last));
    return new Recording(this.rig, this.checkpoints.slice(-1), copy.folder);
  }

  /** A copy to be damaged. */
  async copy(): Promise<RepositoryCopy> {
    const folder = join(
      this.rig.folder,
      `copy-${this.#repository === this.rig.repository ? "" : "lean-"}${this.#copies++}`,
    );
    await cp(this.#repository, folder, { recursive: true });
    return new RepositoryCopy(this.rig, folder);
  }
}

/** Waits until the newest base is there, too. */
async function based(companion: RunningCompanion): Promise<void> {
  for (let left = 100; left > 0 && !/\.base\.00000002 is delivered/u.test(companion.said()); left--) await sleep(100);
}

async function killed(server: Awaited<ReturnType<Rig["startRedis"]>>["server"]): Promise<void> {
  server.kill("SIGKILL");
  await once(server, "exit");
}

/** Writes what differs from batch to batch: texts like the protocol's own, transactions, huge binary values, other databases. */
export async function writeBatch(redis: Redis, batch: number): Promise<void> {
  await redis.set(`plain-${batch}`, treacherous.repeat(20 + batch));
  await redis.set(Buffer.from([0, 13, 10, batch]), Buffer.from([42, 51, 13, 10, 36, batch]));
  await redis.multi().incr("count").rpush("list", treacherous, batch).exec();
  await redis.hset(`hash-${batch}`, { "*3\r\n": "$-1\r\n", batch });
  await redis.zadd("scores", batch, `member ${batch}`);
  await redis.xadd("stream", "*", "batch", String(batch));
  await redis.set(`timed-${batch}`, "later", "EX", 100_000);
  await redis.select(batch % 3);
  await redis.set("in another database", batch);
  await redis.select(0);
  const huge = createHash("shake256", { outputLength: 300_000 }).update(String(batch)).digest();
  await redis.set(
    `huge-${batch}`,
    Buffer.concat([Buffer.from(treacherous), huge, Buffer.from("\r\n*3\r\n$3\r\nDEL\r\n")]),
  );
}

/** Waits for the end of the second, so that a restore to it has just this state. */
async function checkpoint(redis: Redis): Promise<Checkpoint> {
  const seconds = Math.floor(Date.now() / 1000);
  const digest = await digestOf(redis);
  await sleep(1000 - (Date.now() % 1000) + 20);
  return { seconds, digest };
}
