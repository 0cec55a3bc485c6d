import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterOwnTime } from "../../../swarm/engine/own-time.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { InputError } from "../../../text/input-error.ts";
import { NotRedis, readReply, writeCommand, type RedisReply } from "./protocol.ts";

/** How long a server may take to accept a connection, TLS included, in milliseconds. */
const connectLimitMs = 3000;

/** What one reply may take. */
export interface ReplyLimits {
  /** How long nothing may be heard, in milliseconds. */
  readonly silenceMs: number;
  /** How long all of it may take, in milliseconds. */
  readonly wholeMs: number;
  /** How large what has come and is not read yet may be. */
  readonly bytes: number;
}

/** The limits of a question that Redis answers at once; while it forks or evicts, it does not answer for some seconds. */
const questionLimits: ReplyLimits = { silenceMs: 10_000, wholeMs: 30_000, bytes: 600 * 1024 * 1024 };

/** Where a Redis listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** The authority that its certificate is from, as PEM; with it TLS is spoken. */
  readonly authority?: string | undefined;
}

interface Waiting extends PromiseWithResolvers<RedisReply> {
  readonly limits: ReplyLimits;
  readonly whole: NodeJS.Timeout | undefined;
}

/** A connection to a Redis, which sends one command after the other; whatever is wrong with a reply is an {@link InputError}. */
export class RedisConnection implements Disposable {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #waiting: Waiting[] = [];
  /** What has come since it was read the last time. */
  #chunks: Buffer[] = [];
  #size = 0;
  /** Until when nothing is read: a long reply that comes in pieces is not to be read from its beginning at each of them. */
  #pause: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.on("data", (chunk) => {
      this.#take(chunk);
    });
    socket.on("error", (error) => {
      this.#fail(`an error of the connection (${wordsOf(error)})`);
    });
    socket.on("close", () => {
      this.#read();
      this.#fail("a connection that was closed");
    });
  }

  /**
   * Connects.
   *
   * @throws InputError where nothing accepts within 3 s, no TLS is spoken there, or the certificate is of another authority
   */
  static async open({ host, port, authority }: RedisAddress): Promise<RedisConnection> {
    const path = `redis at ${host}:${port}`;
    const isReady = Promise.withResolvers<undefined>();
    const ready = () => {
      isReady.resolve(undefined);
    };
    const socket =
      authority === undefined
        ? connect({ host, port }, ready)
        : // As redis-cli does: a node's address is hardly ever among a certificate's names, the authority is the store's own.
          connectTls({ host, port, ca: authority, checkServerIdentity: () => undefined }, ready);
    const stop = afterOwnTime(connectLimitMs, () => {
      socket.destroy(new Error(`nothing within ${connectLimitMs / 1000} s`));
    });
    socket.once("error", isReady.reject);
    socket.once("close", () => {
      isReady.reject(new Error("a connection that was closed"));
    });
    try {
      await isReady.promise;
    } catch (error) {
      socket.destroy();
      throw new InputError({
        path,
        expected:
          authority === undefined ? "a connection" : "a TLS connection with a certificate of the store's authority",
        got: wordsOf(error),
        fix: "Check with `docker service ps` that the server is running, and that it is this stack's server that listens there",
      });
    } finally {
      stop();
    }
    return new RedisConnection(socket, path);
  }

  /** Sends a command that is answered at once and waits for its reply, an error of Redis included. */
  send(...words: [string, ...string[]]): Promise<RedisReply> {
    return this.sendFor(questionLimits, ...words);
  }

  /** Sends a command and waits for its reply as long as it may take. */
  sendFor(limits: ReplyLimits, ...words: [string, ...string[]]): Promise<RedisReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const waiting: Waiting = {
      ...Promise.withResolvers<RedisReply>(),
      limits,
      whole: after(limits.wholeMs, () => {
        this.#fail(`no end of it within ${limits.wholeMs / 1000} s`);
      }),
    };
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) this.#listen();
    this.#socket.write(writeCommand(words));
    return waiting.promise;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  /** Restarts the silence timer, with the limit of the next reply. */
  #listen(): void {
    clearTimeout(this.#silence);
    const [next] = this.#waiting;
    if (next === undefined) return;
    const { silenceMs } = next.limits;
    this.#silence = after(silenceMs, () => {
      this.#fail(`nothing for ${silenceMs / 1000} s`);
    });
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const { bytes } = this.#waiting[0]?.limits ?? questionLimits;
    this.#listen();
    if (this.#size > bytes) this.#fail(`more than ${byteWords(bytes)}`);
    else if (this.#pause === undefined) this.#read();
  }

  #read(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const startedAt = performance.now();
    let received = Buffer.concat(this.#chunks);
    try {
      for (let read = readReply(received); read !== undefined; read = readReply(received)) {
        received = received.subarray(read.end);
        const answered = this.#waiting.shift();
        clearTimeout(answered?.whole);
        answered?.resolve(read.reply);
        this.#listen();
      }
    } catch (error) {
      this.#fail(wordsOf(error));
    }
    this.#chunks = received.length === 0 ? [] : [received];
    this.#size = received.length;
    const tookMs = performance.now() - startedAt;
    if (this.#failure !== undefined || received.length === 0 || tookMs < 1) return;
    this.#pause = setTimeout(() => {
      this.#read();
    }, tookMs * 2);
  }

  #fail(got: string): void {
    this.#failure ??= new InputError({
      path: this.#path,
      expected: "a complete reply in time",
      got,
      fix: "Check with `docker service ps` that the server is running; the command may have been carried out",
    });
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#pause);
    for (const { reject, whole } of this.#waiting.splice(0)) {
      clearTimeout(whole);
      reject(this.#failure);
    }
    this.#socket.destroy();
  }
}

function after(milliseconds: number, act: () => void): NodeJS.Timeout | undefined {
  return milliseconds === Infinity ? undefined : setTimeout(act, milliseconds);
}

/** One line; what OpenSSL says of a server without TLS has its own source files in it. */
function wordsOf(error: unknown): string {
  if (error instanceof NotRedis) return `something that is no reply of Redis (${error.message})`;
  if (!(error instanceof Error)) return printable(String(error));
  const { code = "" } = error as NodeJS.ErrnoException;
  if (/^ERR_SSL_|^EPROTO$/u.test(code)) return "a server that speaks no TLS, or another than is spoken here";
  return printable(error.message.split("\n", 1)[0] ?? "");
}
