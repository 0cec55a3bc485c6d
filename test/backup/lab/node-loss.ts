/** A mistake of a person undone to the second, and then the node lost under writers: nothing is read of its disk any more. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Lab } from "../../../lab/lab.ts";
import { killNode, startNode, type LabNode } from "../../../lab/nodes/node.ts";
import { until } from "../../support/lab-service.ts";
import { oneFrom, type Draw } from "../random.ts";
import { type BackedUpService, shopPort } from "./backed-up-service.ts";
import type { Trial } from "./on-lab.ts";

/** What is written in this time may be lost with the node. */
const lossWindowMs = 5000;

/** So many write at once. */
const writerCount = 4;

/** So many trials, each on the node on which the one before has ended. */
export function nodeLosses(rounds: number, draw: Draw): readonly Trial[] {
  return Array.from({ length: rounds }, (_, index) => ({
    title: `node lost, round ${index + 1}`,
    run: async (lab: Lab, backed: BackedUpService) => {
      const undone = await mistakeUndone(backed, index);
      const replaced = await nodeLost(lab, backed, index, draw);
      return `${undone}; ${replaced}`;
    },
  }));
}

async function mistakeUndone(backed: BackedUpService, round: number): Promise<string> {
  const { shop } = backed;
  const keys = Array.from({ length: 500 }, (_, number) => [`kept:${round}:${number}`, "kept"]).flat();
  await shop.redis("MSET", ...(keys as [string]));
  const before = await shop.redis("DBSIZE");
  const at = await backed.flushAll();
  const undone = await backed.run("restore", "shop", "--at", at, "--yes");
  assert.equal(undone.exitCode, 0, undone.stderr);
  assert.equal(await shop.redis("DBSIZE"), before);
  assert.equal(await shop.redis("GET", "later"), null);
  return `FLUSHALL undone, ${String(before)} keys`;
}

async function nodeLost(lab: Lab, backed: BackedUpService, round: number, draw: Draw): Promise<string> {
  const { shop } = backed;
  const lost = await shop.node();
  const others = lab.nodes.filter(({ name }) => name !== lost.name && name !== "node-1");
  const other = oneFrom(others, draw);
  const writers = Array.from({ length: writerCount }, (_, writer) => new Writer(lost, `${round}:${writer}`));
  // At any moment of a delivery.
  await sleep(2 * lossWindowMs + draw() * 3000);
  await killNode(lab.directory, lost.name);
  const lostAt = Date.now();
  const acknowledged = writers.flatMap((writer) => writer.stop());
  await until(async () => (await shop.task()).Status.State === "pending", "the node's loss is known");
  const began = performance.now();
  const restored = await backed.run("restore", "shop", "--node", other.name, "--yes");
  assert.equal(restored.exitCode, 0, restored.stderr);
  const seconds = (performance.now() - began) / 1000;
  assert.equal((await shop.node()).name, other.name);
  assert.equal(await shop.redis("EXISTS", `kept:${round}:0`), 1);

  const there = await present(other, acknowledged);
  const missing = acknowledged.filter(({ key }) => !there.has(key));
  const promised = acknowledged.filter(({ at }) => lostAt - at > lossWindowMs);
  assert.ok(promised.length > 0);
  assert.deepEqual(
    missing.filter(({ at }) => lostAt - at > lossWindowMs),
    [],
    "promised writes are lost",
  );
  const lostSeconds = missing.length === 0 ? 0 : (lostAt - Math.min(...missing.map(({ at }) => at))) / 1000;
  // From here on it is a new one; what it had on its disk is never mounted again.
  await startNode(lab.directory, lost.name);
  await backed.serveOn(lost.name);
  return `${lost.name} lost, ${acknowledged.length} writes acknowledged, all ${promised.length} promised ones there, those of the last ${lostSeconds.toFixed(1)} s lost; on ${other.name} after ${seconds.toFixed(0)} s`;
}

interface Write {
  readonly key: string;
  /** When it was answered. */
  readonly at: number;
}

async function present({ address }: LabNode, writes: readonly Write[]): Promise<ReadonlySet<string>> {
  const redis = new Redis({ host: address, port: shopPort });
  try {
    const answers = await Promise.all(writes.map(async ({ key }) => ((await redis.exists(key)) === 1 ? key : "")));
    return new Set(answers);
  } finally {
    redis.disconnect();
  }
}

/** Writes one key after the other, and knows which were answered. */
class Writer {
  readonly #redis: Redis;
  readonly #acknowledged: Write[] = [];
  #isStopped = false;

  constructor({ address }: LabNode, name: string) {
    this.#redis = new Redis({ host: address, port: shopPort, maxRetriesPerRequest: 0, retryStrategy: () => null });
    this.#redis.on("error", () => undefined);
    void this.#write(name).catch(() => undefined);
  }

  async #write(name: string): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const key = `written:${name}:${number}`;
      await this.#redis.set(key, number);
      this.#acknowledged.push({ key, at: Date.now() });
      await sleep(5);
    }
  }

  stop(): readonly Write[] {
    this.#isStopped = true;
    this.#redis.disconnect();
    return this.#acknowledged;
  }
}
