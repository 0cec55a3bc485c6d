import { canaryKey } from "../../model/redis/canary.ts";

/** The command before the time, as a server's log has it. */
const before = Buffer.from(`*3\r\n$3\r\nSET\r\n$${canaryKey.length}\r\n${canaryKey}\r\n$13\r\n`);
const commandBytes = before.length + 13;

/** Goes through the bytes of a log and finds the newest canary in them. */
export class CanaryFinder {
  /** Milliseconds since 1970. */
  newest: number | undefined;
  readonly #isExpected: (canary: number) => boolean;
  /** The end of what was seen, which may hold the beginning of a canary. */
  #rest: Buffer = Buffer.alloc(0);

  /** @param isExpected - whether a canary was written: a value of somebody may look like one */
  constructor(isExpected: (canary: number) => boolean) {
    this.#isExpected = isExpected;
  }

  /** Takes the next bytes. */
  feed(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 1)) {
      const canary = Number(bytes.toString("latin1", at + before.length, at + commandBytes));
      if (at + commandBytes <= bytes.length && this.#isExpected(canary)) this.newest = canary;
    }
    this.#rest = Buffer.from(bytes.subarray(Math.max(0, bytes.length - commandBytes + 1)));
  }
}
