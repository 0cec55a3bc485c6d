/**
 * The sending side of a move. It copies the volume while the server writes it, again and again, until a server on the other side waits
 * for the rest. Then it takes the lock of the volume, which says that the old server has ended and keeps any other from starting, makes a
 * last pass, and gives the data away.
 *
 * The moment of the decision is one: the mark goes from this volume. Before it the data is here, and everything can begin anew;
 * after it the data is the receiver's, which is told so until it has said that it knows.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { movedFile, volumeLockFile } from "../../model/service/start-guard.ts";
import { errorWords } from "../../text/error-text.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { ChannelError, connectChannel, type Channel } from "./channel.ts";
import { receiverMessageSchema, type ReceiverMessage, type SenderMessage } from "./messages.ts";
import type { MoveOrder } from "./order.ts";
import { Passes, type PassResult } from "./passes.ts";
import { fence, readMark, readMoved, removeOwnFile, lockVolume } from "./store-files.ts";
import { orGone } from "./tree.ts";

/** What the sender tells whoever has started it. */
export interface SenderNews {
  readonly onProgress: (words: string, doneBytes: number, allBytes: number) => void;
  /** The receiver has all but what was written in this time. */
  readonly onLevel: (pass: PassResult, seconds: number) => void;
  readonly onProblem: (words: string) => void;
}

/** What was moved. */
export interface SentVolume {
  readonly files: number;
  readonly bytes: number;
  /** How long the last pass took, from the moment at which a server waited for it. */
  readonly lastSeconds: number;
}

type ReceiverChannel = Channel<ReceiverMessage, SenderMessage>;

const connectEveryMs = 300;
const beatEveryMs = 1000;
const sayEveryMs = 1000;
/** A pass that takes less has caught up. */
const levelMs = 2000;
const pauseMs = 1000;
/** How long the old server may take to end when another already waits: Swarm has seen it end. */
const lockSeconds = 10;

/**
 * Sends the data of a store until it is the receiver's.
 *
 * @throws InputError where the volume is not the store's
 */
export async function sendVolume(order: MoveOrder, key: Buffer, news: SenderNews): Promise<SentVolume> {
  let problem = "";
  for (;;) {
    const isDecided = await readState(order);
    let channel: ReceiverChannel | undefined;
    try {
      channel = await connectChannel({ host: order.receiver, port: order.port }, key, receiverMessageSchema);
      return await new Session(order, channel, news).run(isDecided);
    } catch (error) {
      if (error instanceof InputError) throw error;
      const words = errorWords(error);
      if (words !== problem) news.onProblem((problem = words));
    } finally {
      channel?.close();
    }
    await sleep(connectEveryMs);
  }
}

/**
 * Reads whether the data is still here.
 *
 * @returns whether this move has given it away
 */
async function readState({ folder, store, move }: MoveOrder): Promise<boolean> {
  const [mark, moved] = [await readMark(folder), await readMoved(folder)];
  const [found = ""] = mark?.text.split("\n") ?? [];
  if (mark !== undefined && found === store) {
    // What was begun and not decided.
    if (moved !== undefined) await removeOwnFile(folder, movedFile);
    return false;
  }
  if (mark === undefined && moved?.move === move) return true;
  throw new InputError({
    path: "the volume",
    expected: `the data of ${store}`,
    got:
      mark !== undefined
        ? `that of ${printable(found)}`
        : moved === undefined
          ? "one without a mark"
          : `what that was before it was moved to ${printable(moved.destination)}`,
    fix: "Move the service from where its data is",
  });
}

/** What is done on one connection. */
class Session {
  readonly #order: MoveOrder;
  readonly #channel: ReceiverChannel;
  readonly #news: SenderNews;
  readonly #passes: Passes;
  readonly #inbox: ReceiverMessage[] = [];
  #onMessage: (() => void) | undefined;
  #broken: Error | undefined;
  #isWanted = false;
  #said = { progressMs: -Infinity, workMs: -Infinity };

  constructor(order: MoveOrder, channel: ReceiverChannel, news: SenderNews) {
    this.#order = order;
    this.#channel = channel;
    this.#news = news;
    this.#passes = new Passes(order.folder, channel);
    void this.#listen();
  }

  /** Sends all there is, and gives the data away when it is wanted. */
  async run(isDecided: boolean): Promise<SentVolume> {
    const { move, store } = this.#order;
    const beat = setInterval(() => {
      this.#channel.send({ type: "beat" }).catch(() => undefined);
    }, beatEveryMs);
    try {
      await this.#channel.send({ type: "hello", move, store, isDecided });
      const welcome = await this.#answer("welcome");
      if (isDecided) {
        if (!welcome.isCommitted) await this.#commit();
        return { files: 0, bytes: 0, lastSeconds: 0 };
      }
      await this.#learn(welcome.entries);
      return await this.#follow();
    } finally {
      clearInterval(beat);
    }
  }

  /** What the receiver has from before a break: the digests of its files, whatever was sent. */
  async #learn(entries: Extract<ReceiverMessage, { type: "welcome" }>["entries"]): Promise<void> {
    for (const { path, kind } of entries) {
      if (kind !== "file") {
        this.#passes.learn(path, kind);
        continue;
      }
      await this.#channel.send({ type: "ask", path });
      this.#passes.learn(path, kind, await this.#answer("digests"));
    }
  }

  async #follow(): Promise<SentVolume> {
    let lockFile = "";
    let lastMs = Infinity;
    for (let number = 1; ; number++) {
      const began = performance.now();
      const wantedSince = this.#isWanted ? began : undefined;
      if (wantedSince !== undefined) {
        const sent = await this.#finish(lockFile, began);
        if (sent) return sent;
      }
      const claimed = await this.#lockFileTime();
      const result = await this.#pass(number, claimed === lockFile);
      await this.#endPass();
      lockFile = claimed;
      const tookMs = performance.now() - began;
      // Where so much is written that passes do not become shorter, this is as level as it gets.
      const isLevel = tookMs < levelMs || (number > 2 && tookMs > 0.7 * lastMs);
      if (isLevel) this.#news.onLevel(result, tookMs / 1000);
      lastMs = tookMs;
      await this.#pause(isLevel ? pauseMs : 0);
    }
  }

  /**
   * The last pass, under the lock.
   *
   * @returns undefined where the server that waited does so no more, or the old one has not ended
   */
  async #finish(lockFile: string, began: number): Promise<SentVolume | undefined> {
    const { folder, store, move, destination } = this.#order;
    const lock = await lockVolume(folder, lockSeconds);
    if (lock === undefined) {
      this.#news.onProblem("the old server still has the data, although another one waits for it");
      return undefined;
    }
    try {
      const result = await this.#pass(0, (await this.#lockFileTime()) === lockFile);
      const passed = await this.#endPass();
      if (passed.files !== result.files || passed.bytes !== result.bytes)
        throw new Error(
          `the copy has ${passed.files} files of ${passed.bytes} bytes, and the data ${result.files} of ${result.bytes}`,
        );
      const mark = await readMark(folder);
      if (!passed.isWanted || mark === undefined) return undefined;
      await fence(folder, { store, destination, move, mark: `${mark.uid} ${mark.gid}\n${mark.text}` });
      await this.#commit();
      return { files: result.files, bytes: result.bytes, lastSeconds: (performance.now() - began) / 1000 };
    } finally {
      await lock.release();
    }
  }

  /** Gives the data to the receiver, with the mark that it had here. */
  async #commit(): Promise<void> {
    const moved = await readMoved(this.#order.folder);
    const [owner = "", ...mark] = moved?.mark.split("\n") ?? [];
    const [uid = 0, gid = 0] = owner.split(" ").map(Number);
    await this.#channel.send({ type: "commit", mark: mark.join("\n"), uid, gid });
    await this.#answer("committed");
  }

  /** @param number - from 1 on; 0 for the last one, after the server has ended */
  #pass(number: number, trustsAppends: boolean): Promise<PassResult> {
    return this.#passes.pass({
      trustsAppends,
      isFollowed: number > 0,
      onProgress: (doneBytes, allBytes) => {
        const now = performance.now();
        if (now - this.#said.workMs > beatEveryMs) {
          this.#said.workMs = now;
          this.#channel.send({ type: "progress" }).catch(() => undefined);
        }
        if (number !== 1 || now - this.#said.progressMs < sayEveryMs) return;
        this.#said.progressMs = now;
        this.#news.onProgress("copied while the service runs", doneBytes, allBytes);
      },
    });
  }

  async #endPass(): Promise<Extract<ReceiverMessage, { type: "passed" }>> {
    await this.#channel.send({ type: "pass" });
    return this.#answer("passed");
  }

  /** When a server last claimed the volume. A server that starts may cut off the end of its log. */
  async #lockFileTime(): Promise<string> {
    const found = await orGone(stat(join(this.#order.folder, volumeLockFile), { bigint: true }));
    return found === undefined ? "none" : `${found.ino} ${found.mtimeNs}`;
  }

  /** Waits for the next pass, and not at all once a server waits. */
  async #pause(milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!this.#isWanted && performance.now() < deadline) {
      this.#requireWhole();
      await this.#woken(deadline - performance.now());
    }
    this.#requireWhole();
  }

  /** Resolves at the next message, or after so long. */
  async #woken(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, Math.max(0, milliseconds), undefined);
    this.#onMessage = () => {
      resolve(undefined);
    };
    await promise;
    clearTimeout(timer);
    this.#onMessage = undefined;
  }

  async #answer<Type extends ReceiverMessage["type"]>(type: Type): Promise<Extract<ReceiverMessage, { type: Type }>> {
    for (;;) {
      const message = this.#inbox.shift();
      // Which kind of message it is, its type says.
      if (message?.type === type) return message as Extract<ReceiverMessage, { type: Type }>;
      if (message?.type === "problem") throw new Error(message.words);
      if (message !== undefined) throw new ChannelError(`the receiver answers ${message.type}, not ${type}`);
      this.#requireWhole();
      await this.#woken(beatEveryMs);
    }
  }

  #requireWhole(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const { content } = await this.#channel.next();
        if (content.type === "beat" || content.type === "passed") this.#isWanted = content.isWanted;
        if (content.type !== "beat") this.#inbox.push(content);
        this.#onMessage?.();
      }
    } catch (error) {
      this.#broken = error instanceof Error ? error : new ChannelError(errorWords(error));
      this.#onMessage?.();
    }
  }
}
