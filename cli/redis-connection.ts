import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { InputError } from "../model/input-error.ts";
import { readReply, writeCommand, type RedisReply } from "./redis-protocol.ts";

/** How long a server may take to accept a connection, and to answer while nothing is asked that takes long, in milliseconds. */
const connectLimitMs = 3000;

/** Where a Redis listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** The authority that its certificate is from, as PEM; with it TLS is spoken. */
  readonly authority?: string | undefined;
}

/** A connection to a Redis, which sends one command after the other. */
export class RedisConnection implements Disposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<RedisReply>[] = [];
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#take(chunk);
    });
    socket.on("error", (error) => {
      this.#fail(error);
    });
    socket.on("close", () => {
      this.#fail(
        new InputError({
          path: `redis at ${socket.remoteAddress ?? "its address"}`,
          expected: "a reply",
          got: "a connection that was closed",
          fix: "See whether the server runs, with `docker service ps`; what was asked may have been done",
        }),
      );
    });
  }

  /** Connects; fails where nothing accepts within 3 s, or where the certificate is of another authority. */
  static async open({ host, port, authority }: RedisAddress): Promise<RedisConnection> {
    const isReady = Promise.withResolvers<undefined>();
    const ready = () => {
      isReady.resolve(undefined);
    };
    const socket =
      authority === undefined
        ? connect({ host, port }, ready)
        : // As redis-cli does: a node's address is hardly ever among a certificate's names, the authority is the store's own.
          connectTls({ host, port, ca: authority, checkServerIdentity: () => undefined }, ready);
    socket.setTimeout(connectLimitMs, () => {
      socket.destroy(new Error(`no answer within ${connectLimitMs / 1000} s`));
    });
    socket.once("error", isReady.reject);
    try {
      await isReady.promise;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.setTimeout(0);
    return new RedisConnection(socket);
  }

  /** Sends a command and waits for its reply, an error of Redis included. */
  send(...words: [string, ...string[]]): Promise<RedisReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const waiting = Promise.withResolvers<RedisReply>();
    this.#waiting.push(waiting);
    this.#socket.write(writeCommand(words));
    return waiting.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      for (let read = readReply(this.#received); read !== undefined; read = readReply(this.#received)) {
        this.#received = this.#received.subarray(read.end);
        this.#waiting.shift()?.resolve(read.reply);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
