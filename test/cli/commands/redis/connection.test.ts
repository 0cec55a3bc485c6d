import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { RedisConnection, type ReplyLimits } from "../../../../cli/commands/redis/connection.ts";
import { readReply } from "../../../../cli/commands/redis/protocol.ts";
import { InputError } from "../../../../text/input-error.ts";

const limits: ReplyLimits = { silenceMs: 300, wholeMs: 600, bytes: 1024 * 1024 };

/** What a server does as soon as it is asked, and what is said of it. */
const damages: readonly (readonly [name: string, answer: (socket: Socket) => unknown, got: RegExp])[] = [
  ["says nothing", () => undefined, /^nothing for 0\.3 s$/u],
  ["stops in the middle", (socket) => socket.write("$100\r\nabc"), /^nothing for 0\.3 s$/u],
  ["hangs up", (socket) => socket.destroy(), /^a connection that was closed$/u],
  ["hangs up in the middle", (socket) => socket.end("$100\r\nabc"), /^a connection that was closed$/u],
  ["breaks the connection", (socket) => socket.resetAndDestroy(), /^an error of the connection \(.*ECONNRESET\)$/u],
  [
    "speaks HTTP",
    (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    /no reply of Redis \(it begins with "H"\)$/u,
  ],
  [
    "speaks TLS",
    (socket) => socket.write(Buffer.from([21, 3, 3, 0, 2, 2, 70])),
    /no reply of Redis \(it begins with "\\u0015"\)$/u,
  ],
  ["sends bytes without an end of a line", (socket) => socket.write(Buffer.alloc(5000)), /no reply of Redis/u],
  [
    "sends a length that is none",
    (socket) => socket.write("*one\r\n"),
    /no reply of Redis \(a length that is no number\)$/u,
  ],
  [
    "promises a list without an end",
    (socket) => socket.write("*4000000000\r\n"),
    /no reply of Redis \(a list of 4000000000\)$/u,
  ],
  ["nests without an end", (socket) => socket.write("*1\r\n".repeat(100)), /no reply of Redis \(more than 64 replies/u],
  ["trickles", trickle, /^no end of it within 0\.6 s$/u],
  ["floods", flood, /^more than 1 MiB$/u],
];

function trickle(socket: Socket): void {
  socket.write("$1000000\r\n");
  const timer = setInterval(() => socket.write("x"), 20);
  socket.once("close", () => {
    clearInterval(timer);
  });
}

function flood(socket: Socket): void {
  const more = () => {
    while (socket.writable && socket.write(Buffer.alloc(64 * 1024, "+")));
  };
  socket.on("drain", more);
  more();
}

describe("a reply of Redis", () => {
  let server: Server;
  let port: number;
  let answer: (socket: Socket) => unknown;

  before(async () => {
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => answer(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    ({ port } = address);
  });

  after(() => server.close());

  for (const [name, damage, got] of damages) {
    it(`is an error of one line where the server ${name}`, async () => {
      answer = damage;
      using redis = await RedisConnection.open({ host: "127.0.0.1", port });
      for (const command of ["ping", "again"])
        await assert.rejects(redis.sendFor(limits, command), (error) => {
          assert.ok(error instanceof InputError);
          assert.equal(error.path, `redis at 127.0.0.1:${port}`);
          assert.match(error.got, got);
          assert.doesNotMatch(error.message, /\n/u);
          return true;
        });
    });
  }

  it("is waited for as long as something comes", async () => {
    answer = (socket) => {
      const parts = Array.from("$6\r\nabcdef\r\n");
      const timer = setInterval(() => {
        const part = parts.shift();
        if (part === undefined) clearInterval(timer);
        else socket.write(part);
      }, 30);
    };
    using redis = await RedisConnection.open({ host: "127.0.0.1", port });
    const reply = await redis.sendFor({ ...limits, wholeMs: Infinity }, "get", "x");
    assert.deepEqual(reply, { kind: "string", bytes: Buffer.from("abcdef") });
  });

  it("that comes in pieces is not read from its beginning at each of them", async () => {
    const count = 400_000;
    const whole = `*${count}\r\n${"$4\r\nabcd\r\n".repeat(count)}`;
    answer = (socket) => socket.write(whole);
    const millisecondsOf = async (work: () => unknown): Promise<number> => {
      const startedAt = process.cpuUsage();
      await work();
      return process.cpuUsage(startedAt).user / 1000;
    };
    const once = await millisecondsOf(() => readReply(Buffer.from(whole)));
    using redis = await RedisConnection.open({ host: "127.0.0.1", port });
    const inPieces = await millisecondsOf(() => redis.send("lrange", "list", "0", "-1"));
    assert.ok(inPieces < once * 8 + 300, `${inPieces} ms, at once ${once} ms`);
  }).timeout(30_000);

  it("is not asked for where nobody listens, or nobody speaks TLS", async () => {
    answer = (socket) => socket.end("-ERR unknown command\r\n");
    const authority = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----";
    const mistake = (error: unknown) => error instanceof InputError && error.path.startsWith("redis at 127.0.0.1:");
    await assert.rejects(RedisConnection.open({ host: "127.0.0.1", port: 1 }), mistake);
    await assert.rejects(RedisConnection.open({ host: "127.0.0.1", port, authority }), mistake);
  });
});
