import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import type { RedisPersistence } from "../../model/redis/persistence.ts";
import { sandboxStartMs, testCacheDirectory } from "../support/sandbox.ts";
import { RedisProcess } from "./redis-process.ts";

// `npm run kills` takes 200; this many show the difference to the control, too.
const kills = Number(process.env["HOLDFAST_KILLS"] ?? 40);
const writers = 8;

describe("Redis on its disk", function () {
  this.timeout(600_000);
  let environment: NodeJS.ProcessEnv;
  let folder = "";

  before(async function () {
    this.timeout(sandboxStartMs);
    const toolbox = await fillToolbox(testCacheDirectory, () => undefined);
    environment = { ...process.env, ...toolbox.environment };
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "redis-on-disk-"));
    mkdirSync(join(folder, "data"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (persistence: RedisPersistence) => RedisProcess.start(folder, persistence, environment);

  it(`loses no acknowledged write by ${kills} kill -9 under writers as durable`, async () => {
    assert.equal(await lostWrites("durable", kills), 0);
  });

  it("loses acknowledged writes by kill -9 as snapshot, so the check can fail", async () => {
    assert.ok((await lostWrites("snapshot", 3)) > 0);
  });

  it("keeps every key through every change of the profile", async () => {
    let keys = 0;
    for (const persistence of [
      "snapshot",
      "durable",
      "snapshot",
      "balanced",
      "durable",
      "balanced",
      "snapshot",
    ] as const) {
      const redis = await start(persistence);
      assert.equal(await redis.client.dbsize(), keys, persistence);
      for (let count = 0; count < 100; count++) await redis.client.set(`key${keys++}`, "value");
      await redis.end("SIGTERM");
    }
  });

  it("starts on the append-only file after a conversion that was killed", async () => {
    const first = await start("durable");
    await first.client.set("foo", "bar");
    await first.end("SIGKILL");
    mkdirSync(join(folder, "data", "appendonlydir.new"));
    const second = await start("durable");
    assert.equal(await second.client.get("foo"), "bar");
    await second.end("SIGTERM");
  });

  it("has one server: a second one on its folder does not start, whatever its port, and the next one does after a kill -9", async () => {
    const first = await start("durable");
    await first.client.set("foo", "bar");
    const other = mkdtempSync(join(tmpdir(), "redis-on-disk-other-"));
    symlinkSync(join(folder, "data"), join(other, "data"));
    await assert.rejects(RedisProcess.start(other, "snapshot", environment), /ended instead of answering/);
    rmSync(other, { recursive: true });
    assert.equal(await first.client.get("foo"), "bar");
    await first.end("SIGKILL");
    const next = await start("durable");
    assert.equal(await next.client.get("foo"), "bar");
    await next.end("SIGTERM");
  });

  /** Kills the server again and again while writers write; counts the acknowledged writes that are not there at the end. */
  async function lostWrites(persistence: RedisPersistence, times: number): Promise<number> {
    const acknowledged: string[] = [];
    for (let round = 0; round < times; round++) {
      const redis = await start(persistence);
      let isRunning = true;
      const write = async (writer: number) => {
        for (let count = 0; isRunning; count++) {
          const key = `${round}:${writer}:${count}`;
          await redis.client.set(key, "value");
          acknowledged.push(key);
        }
      };
      const written = Promise.allSettled(Array.from({ length: writers }, (_, writer) => write(writer)));
      await new Promise((resolve) => setTimeout(resolve, 5 + (round % 7)));
      const ended = redis.end("SIGKILL");
      isRunning = false;
      await Promise.all([ended, written]);
    }
    assert.ok(acknowledged.length > times);
    const redis = await start(persistence);
    let found = 0;
    for (let from = 0; from < acknowledged.length; from += 1000) {
      found += await redis.client.exists(...acknowledged.slice(from, from + 1000));
    }
    await redis.end("SIGTERM");
    return acknowledged.length - found;
  }
});
