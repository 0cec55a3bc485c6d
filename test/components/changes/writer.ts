import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** How a client reaches the store. */
export interface Access {
  readonly port: number;
  readonly password: string;
  /** The certificates of the authorities that it trusts, as PEM. */
  readonly authority: string;
}

const connections = 4;
const pauseMs = 20;

/** Writes a key of its own again and again, as applications would: over several connections, which it renews when they break. */
export class Writer {
  readonly #host: string;
  readonly #acknowledged: string[] = [];
  readonly #lost = new Set<string>();
  readonly #running: Promise<unknown>;
  #accesses: readonly Access[];
  #isOver = false;
  #written = 0;
  #refused = 0;
  #lastAcknowledgedMs = performance.now();
  #longestGapMs = 0;

  /** Begins to write. */
  constructor(host: string, access: Access) {
    this.#host = host;
    this.#accesses = [access];
    this.#running = Promise.all(Array.from({ length: connections }, () => this.#write()));
  }

  /** How many writes the store has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** How often the store has turned a connection away for its password or its user's rights. */
  get refused(): number {
    return this.#refused;
  }

  /** Connects by one of these from now on, tried in turn. */
  use(...accesses: Access[]): void {
    this.#accesses = accesses;
  }

  /** Begins to measure the longest time without an acknowledged write. */
  startWatch(): void {
    this.#longestGapMs = 0;
  }

  /** Waits until a write has been acknowledged, and tells the longest time without one since {@link startWatch}, in seconds. */
  async endWatch(): Promise<number> {
    const before = this.acknowledged;
    const deadline = AbortSignal.timeout(60_000);
    while (this.acknowledged === before) await sleep(10, undefined, { signal: deadline });
    return this.#longestGapMs / 1000;
  }

  /** Counts the acknowledged writes that the store does not have, and that it had when they were counted before. */
  async countLost(): Promise<number> {
    const keys = this.#acknowledged.filter((key) => !this.#lost.has(key));
    const before = this.#lost.size;
    const client = await this.#connect();
    try {
      for (let from = 0; from < keys.length; from += 1000) {
        const some = keys.slice(from, from + 1000);
        const values = await client.mget(some);
        for (const [index, key] of some.entries()) if (values[index] !== key) this.#lost.add(key);
      }
    } finally {
      client.disconnect();
    }
    return this.#lost.size - before;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      try {
        const client = await this.#connect();
        await this.#writeOver(client).finally(() => {
          client.disconnect();
        });
      } catch {
        await sleep(pauseMs); // The connection broke, as it does when the task is replaced.
      }
    }
  }

  async #writeOver(client: Redis): Promise<void> {
    while (!this.#isOver) {
      const key = `key:${this.#written++}`;
      await client.set(key, key);
      this.#acknowledge(key);
      await sleep(pauseMs);
    }
  }

  #acknowledge(key: string): void {
    this.#acknowledged.push(key);
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAcknowledgedMs);
    this.#lastAcknowledgedMs = now;
  }

  /** @throws the error of the last access, when none leads to the store */
  async #connect(): Promise<Redis> {
    let failure: unknown;
    for (const { port, password, authority } of this.#accesses) {
      const client = new Redis({
        host: this.#host,
        port,
        username: "application",
        password,
        tls: { ca: authority },
        lazyConnect: true,
        connectTimeout: 1000,
        commandTimeout: 3000,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
      });
      client.on("error", (error: Error) => {
        if (/^(?:WRONGPASS|NOAUTH|NOPERM)/u.test(error.message)) this.#refused++;
      });
      try {
        await client.connect();
        return client;
      } catch (error) {
        client.disconnect();
        failure = error;
      }
    }
    throw failure;
  }
}
