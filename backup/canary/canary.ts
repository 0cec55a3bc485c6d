import { setTimeout as sleep } from "node:timers/promises";
import { errorWords } from "../../text/error-text.ts";

/** What was measured with the canaries of a companion since its start, in milliseconds. */
export interface MeasuredWindow {
  /** When the newest canary was written that is delivered: milliseconds since 1970. */
  readonly canary: number;
  /** How long it took from its writing to its delivery. */
  readonly last: number;
  readonly worst: number;
}

/**
 * Writes the time into the server again and again, and waits for it in what is delivered. A log that the server no longer writes,
 * or writes elsewhere, looks as if all of it were delivered. It also measures what would be lost.
 */
export class Canary {
  readonly #write: (canary: number) => Promise<boolean>;
  readonly #everyMs: number;
  /** Written and not delivered, the oldest first. */
  #pending: number[] = [];
  #failing: { readonly since: number; readonly words: string } | undefined;
  #measured: MeasuredWindow | undefined;

  /** @param write - sets the canary; gives false when the server takes no writes at present */
  constructor(write: (canary: number) => Promise<boolean>, everyMs: number) {
    this.#write = write;
    this.#everyMs = everyMs;
  }

  /** Writes until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.writeOne(Date.now());
      await sleep(this.#everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Writes one. */
  async writeOne(now: number): Promise<void> {
    // It may be in the log before the answer is here.
    this.#pending.push(now);
    try {
      if (!(await this.#write(now))) this.#forget(now);
      this.#failing = undefined;
    } catch (error) {
      this.#forget(now);
      this.#failing = { since: this.#failing?.since ?? now, words: errorWords(error) };
    }
  }

  #forget(canary: number): void {
    this.#pending = this.#pending.filter((each) => each !== canary);
  }

  /** Whether it was written and is not delivered yet. */
  isExpected(canary: number): boolean {
    return this.#pending.includes(canary);
  }

  /** Takes note that one is delivered, and with it all before it. */
  noteDelivered(canary: number, now: number): void {
    const last = now - canary;
    this.#pending = this.#pending.filter((each) => each > canary);
    this.#measured = { canary, last, worst: Math.max(last, this.#measured?.worst ?? 0) };
  }

  get measured(): MeasuredWindow | undefined {
    return this.#measured;
  }

  /** Since when it is not shown that what is written is delivered; undefined when all is. */
  get unprovedSince(): number | undefined {
    const since = Math.min(
      this.#pending[0] ?? Number.POSITIVE_INFINITY,
      this.#failing?.since ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(since) ? since : undefined;
  }

  /** What is wrong when that is longer ago than it should be, after the log was delivered to its end. */
  problem(now: number, patienceMs: number): string | undefined {
    if (this.#failing) return now - this.#failing.since > patienceMs ? this.#failing.words : undefined;
    const [oldest = now] = this.#pending;
    if (now - oldest <= patienceMs) return undefined;
    return `The server has taken a write that its log on this volume does not have after ${Math.round((now - oldest) / 1000)} s. Ask it for CONFIG GET appendonly, dir, appenddirname: what it writes is not backed up.`;
  }
}
