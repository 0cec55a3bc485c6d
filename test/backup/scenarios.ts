/** What a backup must survive, on a real Redis with a real restic. A sample of it is in the tests, and all of it in `npm run backup-proof`. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, appendFile, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Redis } from "ioredis";
import { Rig, type Ran, type RunningCompanion } from "./rig.ts";
import { digestOf, digestOfFiles, rewrite, treacherous } from "./store.ts";

/** Something that may happen to a store and its backup, and what must come of it. */
export interface Scenario {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** Writes until it is stopped: plain keys, binary ones, transactions. */
export class Writer {
  readonly #redis: Redis;
  #isStopped = false;
  readonly #ended: Promise<void>;

  constructor(redis: Redis, pauseMs = 0) {
    this.#redis = redis;
    this.#ended = this.#write(pauseMs);
  }

  async #write(pauseMs: number): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      const pipeline = this.#redis.pipeline();
      for (let key = 0; key < 20; key++) pipeline.set(`key-${round}-${key}`, treacherous);
      pipeline.set(Buffer.from([0, 13, 10, round % 256]), Buffer.from([42, 51, 13, 10, 36, round % 256]));
      await pipeline.exec().catch(() => undefined);
      await this.#redis
        .multi()
        .incr("in a transaction")
        .rpush("list", round)
        .exec()
        .catch(() => undefined);
      await sleep(pauseMs);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }
}

async function restored(rig: Rig, ...words: string[]): Promise<{ ran: Ran; folder: string }> {
  const folder = join(rig.folder, `restored-${Math.random()}`);
  return { ran: await rig.run(["restore", "--to", folder, ...words]), folder };
}

export async function assertRestores(rig: Rig, digest: string, ...words: string[]): Promise<void> {
  const { ran, folder } = await restored(rig, ...words);
  assert.equal(ran.exitCode, 0, JSON.stringify(ran.last));
  assert.equal(await digestOfFiles(folder), digest);
}

export function errorOf({ last }: Ran): string {
  return last.type === "error" ? last.message : JSON.stringify(last);
}

/** Followed under writers, the companion killed with -9 at any moment, the log rewritten, the server restarted. */
export async function followsThroughKills(kills: number): Promise<void> {
  await using rig = await Rig.create();
  const { redis, server } = await rig.startRedis();
  let companion = rig.follow();
  const writer = new Writer(redis, 20);
  for (let kill = 0; kill < kills; kill++) {
    await sleep(500 + Math.random() * 3000);
    await companion.stop("SIGKILL");
    if (kill % 2 === 0) await rewrite(redis);
    companion = rig.follow();
    if (kill % 3 === 1) await rewrite(redis);
  }
  for (let times = 0; times < 3; times++) await rewrite(redis);
  await writer.stop();
  await rig.delivered(companion, 60);
  const digest = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  server.kill("SIGKILL");
  await once(server, "exit");
  await assertRestores(rig, digest);
  const list = (await rig.run(["list"])).last;
  assert.ok(list.type === "result" && list.command === "list");
  assert.deepEqual(list.mistakes, []);
}

/** A mistake of a person, undone to the second before it. */
export async function undoesFlush(): Promise<void> {
  await using rig = await Rig.create();
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const writer = new Writer(redis, 20);
  await sleep(2500);
  await writer.stop();
  const [keys, digest] = [await redis.dbsize(), await digestOf(redis)];
  await sleep(1100);
  const before = Math.floor(Date.now() / 1000) - 1;
  await redis.flushall();
  await redis.set("later", "1");
  await rig.delivered(companion);
  await companion.stop();
  const { ran, folder } = await restored(rig, "--at", new Date(before * 1000).toISOString());
  assert.ok(ran.last.type === "result" && ran.last.command === "restore", errorOf(ran));
  assert.equal(ran.last.entries, keys);
  assert.equal(await digestOfFiles(folder), digest);
  const latest = await restored(rig);
  assert.ok(
    latest.ran.last.type === "result" && latest.ran.last.command === "restore" && latest.ran.last.entries === 1,
  );
}

/** Writes, kills the server, tears the end of its log, and starts it again. */
async function tornAndStarted(rig: Rig, companion: RunningCompanion, torn: string): Promise<Redis> {
  const { redis, server } = await rig.startRedis();
  for (let key = 0; key < 50; key++) await redis.set(`key-${key}`, treacherous);
  await rig.delivered(companion);
  server.kill("SIGKILL");
  await once(server, "exit");
  const [increment] = (await readdir(join(rig.data, "appendonlydir"))).filter((name) => name.endsWith(".incr.aof"));
  await appendFile(join(rig.data, "appendonlydir", increment ?? ""), torn);
  await sleep(1500);
  const again = await rig.startRedis();
  await again.redis.set("after", "1");
  return again.redis;
}

/** The server dies within a command, cuts it off at its start, and goes on in the same log. */
export async function goesOnAfterTornCommand(): Promise<void> {
  await using rig = await Rig.create();
  const companion = rig.follow();
  const redis = await tornAndStarted(rig, companion, "*3\r\n$3\r\nSET\r\n$1\r\na");
  await rig.delivered(companion);
  const digest = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  assert.equal(companion.said().match(/generation \S+ begins/gu)?.length, 1, companion.said());
  await assertRestores(rig, digest);
}

/** The server dies within a transaction and leaves its MULTI in the log: that is said, and a rewrite heals it. */
export async function tellsTornTransaction(): Promise<void> {
  await using rig = await Rig.create({ lateAfterSeconds: 5 });
  const companion = rig.follow();
  const redis = await tornAndStarted(rig, companion, "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na");
  await sleep(15_000);
  assert.match(errorOf(await rig.run(["health"])), /a transaction without its end at byte \d+.*BGREWRITEAOF/u);
  await rewrite(redis);
  await rig.delivered(companion);
  const digest = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  assert.match(companion.said(), /ends within a command, at byte \d+: generation \S+ begins/u);
  await assertRestores(rig, digest);
}

/** The server ceases to write its log: what looks as if all were delivered is not, and that is said. */
export async function tellsLogThatIsNotWritten(): Promise<void> {
  await using rig = await Rig.create({ lateAfterSeconds: 12 });
  const { redis, server } = await rig.startRedis();
  const companion = rig.follow({ canary: rig.canary });
  await rig.delivered(companion);
  await until(async () => (await list(rig)).window !== undefined, 20);
  const { canary = 0, window = 0 } = await proof(rig);
  assert.ok(canary <= Number(await redis.get("holdfast:canary")));
  assert.ok(Date.now() - canary < 30_000 && window > 0 && window < 20_000, `${canary} ${window}`);
  assert.match(await wellness(rig), /a write took \d+\.\d s until it was delivered/u);
  await redis.config("SET", "appendonly", "no");
  await until(async () => /that its log on this volume does not have after/u.test(await wellness(rig)), 40);
  await redis.config("SET", "appendonly", "yes");
  await until(async () => (await rig.run(["health"])).exitCode === 0, 40);
  await redis.call("ACL", "SETUSER", "backup", "resetpass", ">another password");
  await until(
    async () => /took no holdfast:canary: WRONGPASS .*Let the user backup set/u.test(await wellness(rig)),
    40,
  );
  server.kill("SIGKILL");
  await once(server, "exit");
  await until(async () => /was not reached: (?:ECONNREFUSED|ENOENT)/u.test(await wellness(rig)), 40);
  assert.equal(await companion.stop(), 0);
}

async function until(isSo: () => Promise<boolean>, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `not within ${seconds} s: ${String(isSo)}`);
    await sleep(500);
  }
}

async function wellness(rig: Rig): Promise<string> {
  const { last } = await rig.run(["health"]);
  return last.type === "result" && last.command === "health" ? last.words : JSON.stringify(last);
}

async function proof(rig: Rig) {
  const { last } = await rig.run(["verify"]);
  assert.ok(last.type === "result" && last.command === "verify" && last.result === "ok", JSON.stringify(last));
  return last;
}

/** Another volume under the same store: a generation of its own, and both can be restored. */
export async function beginsAnewOnAnotherLog(): Promise<void> {
  await using rig = await Rig.create();
  const first = await rig.startRedis();
  await first.redis.set("one", "1");
  let companion = rig.follow();
  await rig.delivered(companion);
  await companion.stop();
  const [digest, time] = [await digestOf(first.redis), Math.floor(Date.now() / 1000)];
  first.server.kill("SIGKILL");
  await once(first.server, "exit");
  await sleep(1100);
  await rm(rig.data, { recursive: true });
  await mkdir(rig.data);
  const second = await rig.startRedis();
  await second.redis.set("two", "22222222222222222222222");
  companion = rig.follow();
  await rig.delivered(companion);
  await companion.stop();
  assert.match(companion.said(), /not the one that was followed before: generation/u);
  await assertRestores(rig, await digestOf(second.redis));
  await assertRestores(rig, digest, "--at", String(time));
}

/** The repository cannot be reached: the companion goes on, is unhealthy in time, and delivers all when it is back. */
export async function outlivesRepository(): Promise<void> {
  await using rig = await Rig.create({ lateAfterSeconds: 4 });
  const { redis } = await rig.startRedis();
  await redis.set("before", "1");
  const companion = rig.follow();
  await rig.delivered(companion);
  assert.equal((await rig.run(["health"])).exitCode, 0);
  await rename(rig.repository, `${rig.repository}.away`);
  const digest = await written(redis, 100);
  await sleep(6000);
  const health = await rig.run(["health"]);
  assert.equal(health.exitCode, 1);
  assert.match(errorOf(health), /^Nothing has been delivered for \d+ s: There is no repository /u);
  await rm(rig.repository, { recursive: true, force: true });
  await rename(`${rig.repository}.away`, rig.repository);
  await rig.delivered(companion);
  assert.equal((await rig.run(["health"])).exitCode, 0);
  assert.equal(await companion.stop(), 0);
  await assertRestores(rig, digest);
}

async function written(redis: Redis, keys: number): Promise<string> {
  for (let key = 0; key < keys; key++) await redis.set(`key-${key}`, `${key}`);
  return await digestOf(redis);
}

/** The repository's disk is full: the same, and a sentence says what to do. */
export async function outlivesFullDisk(): Promise<void> {
  await using rig = await Rig.create({ lateAfterSeconds: 4 });
  await mkdir(rig.repository);
  await execa("mount", ["-t", "tmpfs", "-o", "size=2m", "holdfast-backup-proof", rig.repository]);
  try {
    const { redis } = await rig.startRedis();
    await redis.set("before", "1");
    const companion = rig.follow();
    await rig.delivered(companion);
    // What compresses does not fill a disk.
    for (let key = 0; key < 40; key++)
      await redis.set(`random-${key}`, createHash("shake256", { outputLength: 100_000 }).update(`${key}`).digest());
    await sleep(8000);
    const health = await rig.run(["health"]);
    assert.equal(health.exitCode, 1);
    assert.match(errorOf(health), /no space left on device\. Make room|no space left on device/u);
    await execa("mount", ["-o", "remount,size=64m", rig.repository]);
    await rig.delivered(companion, 60);
    const digest = await digestOf(redis);
    assert.equal(await companion.stop(), 0);
    await assertRestores(rig, digest);
  } finally {
    await execa("umount", ["--lazy", rig.repository]);
  }
}

/** A repository whose making was cut off; and many that make one at once. */
export async function makesRepository(): Promise<void> {
  await using rig = await Rig.create();
  const { redis } = await rig.startRedis();
  await redis.set("a", "1");
  await mkdir(join(rig.repository, "keys"), { recursive: true });
  await writeFile(join(rig.repository, "keys", "ab".repeat(32)), "a key that opens nothing");
  const stores = ["one", "two", "three", "four"];
  const companions = stores.map((store) => rig.follow({ store }, `status-of-${store}`));
  for (let left = 60; left > 0 && !companions.every((each) => each.said().includes("The base ")); left--)
    await sleep(1000);
  for (const companion of companions) assert.equal(await companion.stop(), 0, companion.said());
  for (const store of stores) assert.equal((await rig.run(["verify"], { store })).exitCode, 0);
}

/** What the documentation says of getting the data back with restic alone, done word by word. */
export async function restoresWithResticAlone(): Promise<void> {
  await using rig = await Rig.create();
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const writer = new Writer(redis, 20);
  await rig.delivered(companion);
  await rewrite(redis);
  await rig.delivered(companion);
  while (!companion.said().includes(".base.00000002 is delivered")) await sleep(200);
  await writer.stop();
  await rig.delivered(companion);
  const digest = await digestOf(redis);
  await companion.stop();
  const page = await readFile(join(import.meta.dirname, "../../docs/backup.md"), "utf8");
  const [, find = assert.fail("nothing finds the base")] = /^(restic snapshots .*kind=base)$/mu.exec(page) ?? [];
  const [, block = assert.fail("no such block")] = /```sh\nstore=shop.*?\n(.*?)```/su.exec(page) ?? [];
  const folder = join(rig.folder, "by-hand");
  await mkdir(folder);
  const byHand = async (script: string): Promise<string> =>
    (await execa("bash", ["-euc", script], { env: rig.environment(), extendEnv: false, cwd: folder })).stdout;
  const table = await byHand(find);
  const newest = (tag: string): string =>
    [...table.matchAll(new RegExp(`[,\\s]${tag}=([^,\\s]+)`, "gu"))].at(-1)?.[1] ?? "";
  const place = `generation=${newest("generation")} seq=${newest("seq")} log=${newest("log")}`;
  await byHand(`store=shop/prod/redis ${place}\n${block}`);
  assert.equal(await digestOfFiles(join(folder, "data")), digest);
}

/** A companion that is stopped while it delivers sends what is left before it ends. */
export async function deliversBeforeItEnds(): Promise<void> {
  await using rig = await Rig.create();
  const { redis } = await rig.startRedis();
  for (let stop = 0; stop < 5; stop++) {
    const companion = rig.follow();
    await redis.set(`before-${stop}`, "1");
    await rig.delivered(companion);
    await redis.set(`first-${stop}`, "1");
    await sleep(300 * stop);
    await redis.set(`last-${stop}`, "1");
    assert.equal(await companion.stop(), 0);
    await assertRestores(rig, await digestOf(redis));
  }
}

/** Two companions on one store: the younger one gives way, and what both sent can be restored. */
export async function allowsOneCompanion(): Promise<void> {
  await using rig = await Rig.create({ lateAfterSeconds: 20 });
  const { redis } = await rig.startRedis();
  const writer = new Writer(redis, 50);
  const first = rig.follow();
  await rig.delivered(first);
  const second = rig.follow({}, "status-of-second");
  const [code] = (await Promise.race([once(second.process, "exit"), sleep(60_000, ["still at work"])])) as [unknown];
  assert.equal(code, 1, second.said());
  assert.match(second.said(), /Another companion follows shop\/prod\/redis/u);
  await writer.stop();
  await rig.delivered(first);
  const digest = await digestOf(redis);
  assert.equal(await first.stop(), 0);
  await assertRestores(rig, digest);
}

/** Without a log: the server's snapshot whenever it is another one. */
export async function followsSnapshots(): Promise<void> {
  await using rig = await Rig.create({ kind: "snapshot" });
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const first = await written(redis, 10);
  await redis.save();
  const time = Math.floor(Date.now() / 1000);
  await rig.delivered(companion, 40);
  await sleep(1100);
  await redis.set("more", "1");
  await redis.save();
  await rig.delivered(companion, 40);
  const second = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  for (const [digest, ...words] of [[second], [first, "--at", String(time)]] as const) {
    const { ran, folder } = await restored(rig, ...words);
    assert.equal(ran.exitCode, 0, errorOf(ran));
    await using other = await Rig.create({ kind: "snapshot" });
    assert.equal(await digestOf((await other.startRedis(folder)).redis), digest);
  }
}

/** A restore that is killed is begun again; a folder that holds something else is left alone. */
export async function restoresAgain(): Promise<void> {
  await using rig = await Rig.create();
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const digest = await written(redis, 100);
  await rig.delivered(companion);
  await companion.stop();
  const folder = join(rig.folder, "killed");
  for (let kill = 0; kill < 3; kill++) {
    const abort = AbortSignal.timeout(400 + kill * 700);
    await execa(process.execPath, ["backup/main.ts", "restore", "--to", folder], {
      env: rig.environment(),
      extendEnv: false,
      reject: false,
      cancelSignal: abort,
      killSignal: "SIGKILL",
    });
  }
  const ran = await rig.run(["restore", "--to", folder]);
  assert.equal(ran.exitCode, 0, errorOf(ran));
  // Nobody has used it: who runs the command again has lost its answer.
  const again = await rig.run(["restore", "--to", folder]);
  assert.equal(again.exitCode, 0, errorOf(again));
  assert.equal(await digestOfFiles(folder), digest);
  await using other = await Rig.create();
  await (await other.startRedis(folder)).redis.set("since", "1");
  const refused = await rig.run(["restore", "--to", folder]);
  assert.equal(refused.exitCode, 1);
  assert.match(errorOf(refused), /is not empty: it has \.holdfast-restored, appendonlydir/u);
}

/** The parts go away while they are read, as in a fold or a prune: the state is read again, and is not called damaged. */
export async function readsAgainWhatWentAway(): Promise<void> {
  await using rig = await Rig.create();
  await rig.makeRepository();
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const digest = await written(redis, 100);
  await rig.delivered(companion);
  await companion.stop();
  const folder = join(rig.folder, "programs");
  await mkdir(folder);
  const marker = join(folder, "removed");
  // A tag makes another snapshot of the same file, and removes the one before.
  const program = `#!/bin/sh
    PATH=\${PATH#*:}
    case "$*" in *" dump "*) mkdir ${marker} 2>/dev/null && restic --quiet tag --add seen >&2;; esac
    exec restic "$@"\n`;
  await writeFile(join(folder, "restic"), program, { mode: 0o755 });
  const environment = { PATH: `${folder}:${rig.environment()["PATH"] ?? ""}` };
  const proved = await rig.run(["verify"], {}, environment);
  assert.ok(proved.last.type === "result" && proved.last.command === "verify", errorOf(proved));
  assert.deepEqual([proved.last.result, proved.last.mistakes], ["ok", []]);
  await rmdir(marker);
  const restored = join(rig.folder, "restored");
  const ran = await rig.run(["restore", "--to", restored], {}, environment);
  assert.equal(ran.exitCode, 0, errorOf(ran));
  await access(marker);
  assert.equal(await digestOfFiles(restored), digest);
}

/** So many pieces that they are folded and forgotten, and not one command is missing. */
export async function foldsPieces(): Promise<void> {
  await using rig = await Rig.create({ everySeconds: 0.1 });
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const writer = new Writer(redis, 100);
  await rig.delivered(companion, 90);
  for (let left = 600; left > 0 && (await list(rig)).pieces < 190; left--) await sleep(2000);
  for (let left = 60; left > 0 && (await list(rig)).pieces > 100; left--) await sleep(2000);
  await writer.stop();
  await rig.delivered(companion);
  const digest = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  const { pieces, mistakes } = await list(rig);
  assert.ok(pieces < 100, `${pieces} pieces`);
  assert.deepEqual(mistakes, []);
  await assertRestores(rig, digest);
}

async function list(rig: Rig) {
  const { last } = await rig.run(["list"]);
  assert.ok(last.type === "result" && last.command === "list", JSON.stringify(last));
  return last;
}
