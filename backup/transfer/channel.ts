/**
 * The connection of a move: TLS with a key that both sides have and nobody else (TLS-PSK), and messages on it. A message is a JSON
 * object, and some bytes that may follow it.
 */
import { once } from "node:events";
import { connect as connectTls, createServer, type Server, type TLSSocket } from "node:tls";
import type { z } from "zod";
import { jsonOrUndefined } from "../../text/parse-json.ts";

/** What both sides agree on: forward secrecy, and each message is authenticated. TLS 1.3 has no keys of this kind in Node. */
const agreement = {
  ciphers: "ECDHE-PSK-CHACHA20-POLY1305",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
} as const;

const identity = "holdfast-move";

/** A side that says nothing for so long is gone: each says something every second. */
const silenceLimitMs = 15_000;
const connectLimitMs = 5000;

const headerBytes = 8;
const longestJson = 64 * 1024 * 1024;
const longestData = 4 * 1024 * 1024;

/** A message that came. */
export interface Message<Content> {
  readonly content: Content;
  readonly data: Buffer;
}

/** A connection that broke, or whose other side says what nobody understands. */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
}

/** One side's end of a connection. */
export class Channel<Incoming, Outgoing> {
  readonly #socket: TLSSocket;
  readonly #messages: AsyncIterator<Message<Incoming>>;

  constructor(socket: TLSSocket, incoming: z.ZodType<Incoming>) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(silenceLimitMs, () => socket.destroy(new ChannelError("the other side is silent")));
    // What is awaited then fails by itself.
    socket.on("error", () => undefined);
    this.#messages = readMessages(socket, incoming);
  }

  /** Sends a message; resolves when there is room for the next. */
  async send(content: Outgoing, data: Buffer = Buffer.alloc(0)): Promise<void> {
    if (this.#socket.destroyed) throw new ChannelError("the connection is gone");
    const json = Buffer.from(JSON.stringify(content));
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32BE(json.length, 0);
    header.writeUInt32BE(data.length, 4);
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(json);
    const isRoom = data.length === 0 || this.#socket.write(data);
    this.#socket.uncork();
    if (isRoom && !this.#socket.writableNeedDrain) return;
    const closed = new AbortController();
    const onClose = () => {
      closed.abort();
    };
    this.#socket.once("close", onClose);
    try {
      await once(this.#socket, "drain", { signal: closed.signal });
    } catch {
      throw new ChannelError("the connection broke");
    } finally {
      this.#socket.off("close", onClose);
    }
  }

  /** The next message. */
  async next(): Promise<Message<Incoming>> {
    const read = await this.#messages.next();
    if (read.done) throw new ChannelError("the other side has ended the connection");
    return read.value;
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function* readMessages<Incoming>(
  socket: TLSSocket,
  schema: z.ZodType<Incoming>,
): AsyncGenerator<Message<Incoming>> {
  let chunks: Buffer[] = [];
  let size = 0;
  const take = (length: number): Buffer => {
    const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    const rest = whole.subarray(length);
    chunks = rest.length > 0 ? [rest] : [];
    size = rest.length;
    return whole.subarray(0, length);
  };
  let header: { json: number; data: number } | undefined;
  try {
    // Chunks of a readable stream without an encoding.
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      for (;;) {
        if (header === undefined) {
          if (size < headerBytes) break;
          const read = take(headerBytes);
          header = { json: read.readUInt32BE(0), data: read.readUInt32BE(4) };
          if (header.json > longestJson || header.data > longestData) throw new ChannelError("a message is too long");
        }
        if (size < header.json + header.data) break;
        const read = schema.safeParse(jsonOrUndefined(take(header.json).toString("utf8")));
        const data = take(header.data);
        header = undefined;
        if (!read.success) throw new ChannelError("a message has a form that is not known");
        yield { content: read.data, data };
      }
    }
  } catch (error) {
    throw error instanceof ChannelError ? error : new ChannelError(error instanceof Error ? error.message : "it broke");
  } finally {
    socket.destroy();
  }
}

/**
 * Connects to the receiver.
 *
 * @throws ChannelError when nobody with the key answers
 */
export async function connectChannel<Incoming, Outgoing>(
  { host, port }: { readonly host: string; readonly port: number },
  key: Buffer,
  incoming: z.ZodType<Incoming>,
): Promise<Channel<Incoming, Outgoing>> {
  const socket = connectTls({
    ...{ host, port, ...agreement },
    pskCallback: () => ({ psk: key, identity }),
    // There are no certificates: the key is the proof.
    checkServerIdentity: () => undefined,
  });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(connectLimitMs) });
  } catch (error) {
    socket.destroy();
    const words = error instanceof Error && error.name !== "AbortError" ? error.message : "no answer";
    throw new ChannelError(`${host} cannot be reached: ${words}`);
  }
  return new Channel(socket, incoming);
}

/** Listens for the sender. */
export async function listenForChannel<Incoming, Outgoing>(
  port: number,
  key: Buffer,
  incoming: z.ZodType<Incoming>,
  onChannel: (channel: Channel<Incoming, Outgoing>) => void,
): Promise<Server> {
  const server = createServer(
    {
      ...agreement,
      handshakeTimeout: connectLimitMs,
      pskCallback: (_socket, name) => (name === identity ? key : null),
    },
    (socket) => {
      onChannel(new Channel(socket, incoming));
    },
  );
  server.on("tlsClientError", () => undefined);
  server.listen(port);
  await once(server, "listening");
  return server;
}
