/** A store and its companion from the first delivery to the last one, and what must be there whatever goes wrong in between. */
import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { found } from "../corruptions.ts";
import { clockEnvironment, Rig, type RunningCompanion } from "../rig.ts";
import { digestOf, treacherous } from "../store.ts";
import type { Steps } from "./steps.ts";

/** By this the companion's clock jumps with each SIGUSR2: what was folded is then old enough to be forgotten. */
export const jumpSeconds = 700;

/** So often a delivery is waited for, with a companion that is started again where it has died. */
const tries = 4;

/** So often a server is started again that ends at its start. */
const serverStarts = 60;

/** Writes numbers, one after the other, and knows which one was answered last. */
class Counter {
  readonly #redis: Redis;
  #isStopped = false;
  #last = 0;
  readonly #ended: Promise<void>;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#ended = this.#write();
  }

  get last(): number {
    return this.#last;
  }

  async #write(): Promise<void> {
    for (let number = 1; !this.#isStopped;) {
      const isAnswered = await this.#redis
        .multi()
        .set("number", number)
        .set(`key-${number % 500}`, treacherous)
        .exec()
        .then(
          (answers) => answers?.every(([error]) => error === null) ?? false,
          () => false,
        );
      if (isAnswered) this.#last = number++;
      await sleep(10);
    }
  }

  end(): void {
    this.#isStopped = true;
  }

  async stop(): Promise<void> {
    this.end();
    await this.#ended;
  }
}

/** Both of them run; whoever dies is started again, as Swarm does. */
export class BackupRun {
  readonly rig: Rig;
  readonly redis: Redis;
  readonly #steps: Steps | undefined;
  readonly #counter: Counter;
  server: ChildProcess;
  companion: RunningCompanion;
  #promised = 0;
  #aheadSeconds = 0;
  #isFinished = false;

  private constructor(rig: Rig, { redis, server }: { redis: Redis; server: ChildProcess }, steps: Steps | undefined) {
    this.rig = rig;
    this.redis = redis;
    this.#steps = steps;
    this.server = server;
    this.#watch(server);
    this.#counter = new Counter(redis);
    this.companion = this.#start();
  }

  static async create(rig: Rig, steps?: Steps): Promise<BackupRun> {
    const started = await rig.startRedis();
    await steps?.know(started.server);
    return new BackupRun(rig, started, steps);
  }

  #start(): RunningCompanion {
    this.#aheadSeconds = 0;
    return this.rig.follow({}, "status", { environment: clockEnvironment(0, jumpSeconds) });
  }

  #watch(server: ChildProcess): void {
    server.once("exit", () => {
      if (this.#isFinished) return;
      void this.#restartServer();
    });
  }

  async #restartServer(): Promise<void> {
    for (let left = serverStarts; left > 0 && !this.#isFinished; left--) {
      const started = await this.rig.startRedis().catch(() => undefined);
      if (started) {
        this.server = started.server;
        await this.#steps?.know(started.server);
        this.#watch(started.server);
        return;
      }
      await sleep(500);
    }
  }

  /** Lets the companion's clock jump ahead. */
  jump(): void {
    this.companion.process.kill("SIGUSR2");
    this.#aheadSeconds += jumpSeconds;
  }

  /** Whether the companion has ended. */
  get isDead(): boolean {
    return this.companion.process.exitCode !== null || this.companion.process.signalCode !== null;
  }

  /** Waits until all is delivered that was answered before. */
  async delivered(): Promise<void> {
    const before = this.#counter.last;
    for (let left = tries; left > 0; left--) {
      const isDelivered = await this.rig.delivered(this.companion, 30, this.#aheadSeconds).then(
        () => true,
        () => false,
      );
      // What a dead one has noted is no promise of what came later.
      if (isDelivered && !this.isDead) {
        this.#promised = before;
        return;
      }
      await this.revive();
    }
    throw new Error(`nothing is delivered any more: ${this.companion.said().slice(-400)}`);
  }

  /** Starts the companion again where it is dead, once it was seen that what it had delivered is there. */
  async revive(): Promise<void> {
    if (!this.isDead) return;
    if (this.#promised > 0) await this.#requirePromised();
    this.companion = this.#start();
  }

  async #requirePromised(): Promise<void> {
    const folder = join(this.rig.folder, `promised-${Math.random()}`);
    const refused = found(await this.rig.run(["restore", "--to", folder]));
    if (refused !== "") throw new Error(`what was delivered cannot be restored: ${refused}`);
    await using other = await Rig.create();
    const { redis } = await other.startRedis(folder);
    const number = Number(await redis.get("number"));
    if (number < this.#promised) throw new Error(`${this.#promised} was delivered, and ${number} was restored`);
    await rm(folder, { recursive: true });
  }

  /** Stops the writer, lets the companion deliver the rest and end, and looks whether everything is there. */
  async finish(): Promise<string> {
    await this.#counter.stop();
    await this.delivered();
    for (let left = tries; left > 0 && (await this.companion.stop()) !== 0; left--) {
      await this.revive();
      await this.delivered();
    }
    const lost = Number(await this.redis.get("number")) < this.#counter.last;
    this.#isFinished = true;
    if (lost) return "the server itself has lost what it had answered";
    const digest = await digestOf(this.redis);
    const verified = found(await this.rig.run(["verify"]));
    if (verified !== "") return `verify: ${verified}`;
    const folder = join(this.rig.folder, "restored");
    const restored = found(await this.rig.run(["restore", "--to", folder]));
    if (restored !== "") return `restore: ${restored}`;
    await using other = await Rig.create();
    const { redis } = await other.startRedis(folder);
    return (await digestOf(redis)) === digest ? "" : "another state was restored";
  }

  [Symbol.dispose](): void {
    this.#isFinished = true;
    this.#counter.end();
  }
}
