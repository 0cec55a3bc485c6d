/** Backups with which nothing is wrong, however strange they are: every one of them must be proved and restored as it was. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { found } from "./corruptions.ts";
import { writeBatch, type Recording, type RepositoryCopy } from "./recording.ts";
import { clockEnvironment, Rig, type Ran, type RigOptions, type RunningCompanion } from "./rig.ts";
import { digestOf, digestOfFiles, rewrite, treacherous } from "./store.ts";

/** A backup that is whole. */
export interface WholeBackup {
  readonly title: string;
  /** @returns what was refused, or restored otherwise; an empty text where all is well */
  refused(): Promise<string>;
}

interface State {
  readonly digest: string | undefined;
  readonly at?: number | undefined;
  readonly kind?: "log" | "snapshot";
  readonly settings?: readonly string[];
}

type Run = (words: readonly string[]) => Promise<Ran>;

/** Proves a state and restores it. */
async function refusal(rig: Rig, run: Run, { digest, at, kind, settings }: State): Promise<string> {
  const time = at === undefined ? [] : ["--at", String(at)];
  const verified = found(await run(["verify", ...time]));
  if (verified !== "") return `verify: ${verified}`;
  const folder = join(rig.folder, `whole-${Math.random()}`);
  const restored = found(await run(["restore", "--to", folder, ...time]));
  if (restored !== "") return `restore: ${restored}`;
  const got = await digestOfFiles(folder, kind, settings);
  await rm(folder, { recursive: true });
  return got === digest ? "" : "another state was restored";
}

/** Every second that a recording knows the state of. */
export function eachCheckpoint(recording: Recording, kind: "log" | "snapshot" = "log"): readonly WholeBackup[] {
  return recording.checkpoints.map(({ seconds, digest }, index) => ({
    title: `a ${kind === "log" ? "log" : "row of snapshots"} at checkpoint ${index + 1}`,
    refused: async () => {
      await using copy = await recording.copy();
      return await refusal(recording.rig, (words) => copy.run(words), { digest, kind, at: seconds });
    },
  }));
}

interface Harmless {
  readonly title: string;
  readonly do: (copy: RepositoryCopy) => Promise<unknown>;
}

const harmless: readonly Harmless[] = [
  { title: "pruned to the newest state", do: (copy) => copy.run(["prune"], { keepDays: 1e-6 }) },
  { title: "pruned by restic", do: (copy) => copy.restic("prune", "--max-unused", "0") },
  { title: "with an index made anew", do: (copy) => copy.restic("repair", "index") },
  {
    title: "with tags that somebody has added",
    do: (copy) => copy.restic("tag", "--add", "mine,reason=audit", "--tag", "kind=log"),
  },
  {
    title: "with a part that was sent twice",
    do: async (copy) => {
      for (const part of [...(await copy.parts("log")).slice(-2), ...(await copy.parts("base")).slice(-1)])
        await copy.add(part, await copy.content(part), part.tags);
    },
  },
  {
    title: "with an upload that was cut off and sent again",
    do: async (copy) => {
      for (const part of [...(await copy.parts("log")).slice(-3), ...(await copy.parts("base")).slice(-1)])
        await copy.add(part, (await copy.content(part)).subarray(0, 50), part.tags);
    },
  },
  {
    title: "with something of somebody else",
    do: async (copy) => {
      const words = ["--stdin-filename", "notes", "--stdin-from-command", "--", "echo", "mine"];
      await copy.restic("backup", "--host", copy.store, "--tag", "holdfast", ...words);
      await copy.restic("backup", "--host", "elsewhere", ...words);
    },
  },
  {
    title: "with another key",
    do: (copy) => copy.restic("key", "passwd", "--new-password-file", copy.passwordFile),
  },
  {
    title: "with the lock of an upload that was killed",
    do: (copy) => copy.killRestic("backup", "--stdin"),
  },
  {
    title: "copied by restic into another repository",
    do: async (copy) => {
      const from = `${copy.folder}-from`;
      await rename(copy.folder, from);
      const words = ["--from-repo", from, "--from-password-file", copy.passwordFile];
      await copy.restic("init", "--copy-chunker-params", ...words);
      await copy.restic("copy", ...words);
      await rm(from, { recursive: true });
    },
  },
  {
    title: "with a proof that failed",
    do: async (copy) => copy.run(["verify", "--at", "1000"]),
  },
];

/** A recording to which something was done that harms nothing. */
export function eachHarmless(recording: Recording): readonly WholeBackup[] {
  return harmless.map((each) => ({
    title: `a log ${each.title}`,
    refused: async () => {
      await using copy = await recording.copy();
      await each.do(copy);
      return await refusal(recording.rig, (words) => copy.run(words), { digest: recording.checkpoints.at(-1)?.digest });
    },
  }));
}

interface StoreOptions {
  readonly options?: RigOptions;
  readonly settings?: readonly string[];
  /** Before there is a companion. */
  readonly before?: (redis: Redis) => Promise<unknown>;
  /** May give another companion, which then is at work. */
  readonly during?: (redis: Redis, rig: Rig, companion: RunningCompanion) => Promise<unknown>;
}

function store(title: string, { options = {}, settings = [], before, during }: StoreOptions): WholeBackup {
  return {
    title,
    refused: async () => {
      await using rig = await Rig.create({ everySeconds: 0.3, ...options });
      await rig.makeRepository();
      const { redis } = await rig.startRedis(rig.data, settings);
      await before?.(redis);
      let companion = rig.follow();
      await rig.delivered(companion);
      const other = await during?.(redis, rig, companion);
      if (isCompanion(other)) companion = other;
      if (options.kind === "snapshot") await redis.save();
      await rig.delivered(companion);
      const digest = await digestOf(redis);
      const code = await companion.stop();
      if (code !== 0) return `the companion ended with ${code}`;
      return await refusal(rig, (words) => rig.run(words), {
        digest,
        settings,
        ...(options.kind && { kind: options.kind }),
      });
    },
  };
}

const isCompanion = (value: unknown): value is RunningCompanion =>
  typeof value === "object" && value !== null && "said" in value;

const batches =
  (...numbers: readonly number[]) =>
  async (redis: Redis): Promise<void> => {
    for (const batch of numbers) await writeBatch(redis, batch);
  };

const bytes = (length: number): Buffer => createHash("shake256", { outputLength: length }).update("large").digest();

/** Stores of their own, each with something that others have not. */
export const stores: readonly WholeBackup[] = [
  store("an empty store", {}),
  store("only a base, and nothing written since", {
    before: async (redis) => {
      await batches(1, 2)(redis);
      await rewrite(redis);
    },
  }),
  store("a log without times", {
    settings: ["--aof-timestamp-enabled", "no"],
    before: batches(1),
    during: batches(2, 3),
  }),
  store("a base that is a log itself", {
    settings: ["--aof-use-rdb-preamble", "no"],
    before: async (redis) => {
      await batches(1)(redis);
      await rewrite(redis);
    },
    during: batches(2),
  }),
  store("a log of another name", { settings: ["--appendfilename", "my log.aof"], during: batches(1) }),
  store("a value of 24 MB", { during: (redis) => redis.set("large", bytes(24_000_000)) }),
  store("a transaction of many pieces' size", {
    during: async (redis) => {
      const transaction = redis.multi();
      for (let key = 0; key < 20_000; key++) transaction.set(`key-${key}`, treacherous);
      await transaction.exec();
    },
  }),
  store("a transaction with another database, and a script", {
    during: async (redis) => {
      await redis.multi().select(4).set("there", "1").select(0).set("here", "1").exec();
      await redis.eval("for i = 1, 50 do redis.call('INCR', 'from a script') end", 0);
    },
  }),
  store("keys that have expired", {
    during: async (redis) => {
      await redis.set("gone", "1", "PX", 200);
      await redis.set("kept", "1");
      await sleep(600);
      await redis.get("gone");
    },
  }),
  store("everything flushed at the end", {
    before: batches(1),
    during: (redis) => redis.flushall(),
  }),
  store("a base after several rewrites, one after the other", {
    during: async (redis) => {
      for (let times = 0; times < 4; times++) {
        await redis.incr("rewrites");
        await rewrite(redis);
      }
      await sleep(1500);
    },
  }),
  store("a companion that was killed three times, with rewrites", {
    during: async (redis, rig, companion) => {
      await companion.stop("SIGKILL");
      for (let kill = 0; kill < 3; kill++) {
        const again = rig.follow({}, `status-${kill}`);
        await writeBatch(redis, kill);
        if (kill === 1) await rewrite(redis);
        await sleep(1200);
        await again.stop("SIGKILL");
      }
      return rig.follow();
    },
  }),
  store("a snapshot of a store without a log", {
    options: { kind: "snapshot" },
    before: (redis) => redis.save(),
    during: batches(1),
  }),
  {
    title: "a server that was killed within a command",
    refused: async () => {
      await using rig = await Rig.create({ everySeconds: 0.3 });
      await rig.makeRepository();
      const first = await rig.startRedis();
      const companion = rig.follow();
      await writeBatch(first.redis, 1);
      await rig.delivered(companion);
      void first.redis.set("large", bytes(30_000_000)).catch(() => undefined);
      await sleep(15);
      first.server.kill("SIGKILL");
      await once(first.server, "exit");
      first.redis.disconnect();
      const { redis } = await rig.startRedis();
      await writeBatch(redis, 2);
      await rig.delivered(companion);
      const digest = await digestOf(redis);
      await companion.stop();
      return await refusal(rig, (words) => rig.run(words), { digest });
    },
  },
  {
    title: "another log, after one that was followed on a clock that was ahead",
    refused: async () => {
      await using rig = await Rig.create({ everySeconds: 0.3 });
      await rig.makeRepository();
      const first = await rig.startRedis();
      await writeBatch(first.redis, 1);
      const ahead = rig.follow({}, "status-ahead", { environment: clockEnvironment(3600) });
      await sleep(2500);
      await ahead.stop();
      first.server.kill("SIGKILL");
      await once(first.server, "exit");
      first.redis.disconnect();
      await rm(rig.data, { recursive: true });
      await mkdir(rig.data);
      const { redis } = await rig.startRedis();
      const companion = rig.follow();
      await writeBatch(redis, 2);
      await rig.delivered(companion);
      const digest = await digestOf(redis);
      await companion.stop();
      return await refusal(rig, (words) => rig.run(words), { digest });
    },
  },
  {
    title: "two stores in one repository",
    refused: async () => {
      await using rig = await Rig.create({ everySeconds: 0.3 });
      await rig.makeRepository();
      await using other = await Rig.create({ everySeconds: 0.3, repository: rig.repository, store: "shop/test/redis" });
      const digests: string[] = [];
      for (const [index, each] of [rig, other].entries()) {
        const { redis } = await each.startRedis();
        const companion = each.follow();
        await writeBatch(redis, index);
        await each.delivered(companion);
        digests.push(await digestOf(redis));
        await companion.stop();
      }
      const [one, two] = digests;
      const first = await refusal(rig, (words) => rig.run(words), { digest: one });
      return first === "" ? await refusal(other, (words) => other.run(words), { digest: two }) : first;
    },
  },
];
