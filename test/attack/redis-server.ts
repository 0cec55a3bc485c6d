import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, type AttackCase } from "./case.ts";
import { command, LimitedRedis } from "./limited-redis.ts";

let running: LimitedRedis | undefined;

/** One server for all attacks, full of data; another one where an attack has ended it. */
async function fullRedis(): Promise<LimitedRedis> {
  if (running !== undefined && (await running.isAlive())) return running;
  await running?.[Symbol.asyncDispose]();
  running = undefined;
  const redis = await LimitedRedis.start();
  running = redis;
  atEnd(() => running?.[Symbol.asyncDispose]());
  await redis.fill();
  return redis;
}

/** Sends until the server closes the connection or so much is sent; nothing is read. */
async function flood(socket: Socket, chunk: string | Buffer, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += chunk.length) {
    if (socket.write(chunk)) continue;
    // A server that takes nothing more has stopped to listen to this client.
    const isDrained = await Promise.race([
      // That the server has hung up is what is hoped for.
      once(socket, "drain").catch(() => "closed"),
      sleep(3000, "stuck"),
    ]);
    if (isDrained === "stuck") break;
  }
}

/** As `application`, on a connection that nobody reads. */
function floodCase(name: string, attack: (socket: Socket, redis: LimitedRedis) => Promise<void>): AttackCase {
  return {
    group: "access",
    name: `application cannot stop the server by ${name}`,
    async run() {
      const redis = await fullRedis();
      const socket = await redis.deafClient();
      try {
        await attack(socket, redis);
        await sleep(500);
      } finally {
        socket.destroy();
      }
      assert.ok(await redis.isAlive(), "the server was ended by the kernel");
    },
  };
}

const mebibyte = 1024 * 1024;

const floods: AttackCase[] = [
  floodCase("a pipeline that nobody reads", (socket) =>
    flood(socket, command("GET", "big").repeat(1000), 4 * mebibyte),
  ),
  floodCase("a pipeline of MGET that nobody reads", (socket) =>
    flood(socket, command("MGET", ...Array.from({ length: 100 }, () => "big")).repeat(10), mebibyte),
  ),
  floodCase("a value of 512 MB", async (socket) => {
    socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${512 * mebibyte}\r\n`);
    await flood(socket, Buffer.alloc(mebibyte), 400 * mebibyte);
  }),
  floodCase("values of 14 MB on thirty connections, none of them whole", async (_, redis) => {
    const sockets = await Promise.all(Array.from({ length: 30 }, () => redis.deafClient()));
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${14 * mebibyte}\r\n`);
        await flood(socket, Buffer.alloc(mebibyte), 13 * mebibyte);
      }),
    );
    await sleep(500);
    for (const socket of sockets) socket.destroy();
  }),
  floodCase("a transaction that is never carried out", async (socket) => {
    socket.write(command("MULTI"));
    await flood(socket, command("GET", "x".repeat(10_000)).repeat(100), 300 * mebibyte);
  }),
  floodCase("a line that has no end", (socket) => flood(socket, Buffer.alloc(mebibyte, "x"), 300 * mebibyte)),
  floodCase("messages to subscribers who do not read", async (socket, redis) => {
    const deaf = await Promise.all(Array.from({ length: 20 }, () => redis.deafClient()));
    for (const each of deaf) each.write(command("SUBSCRIBE", "channel"));
    await sleep(200);
    await flood(socket, command("PUBLISH", "channel", "x".repeat(mebibyte)), 100 * mebibyte);
    for (const each of deaf) each.destroy();
  }),
];

/** What `application` is refused, or what takes no memory: command by command. */
function refusedCase(name: string, words: [string, ...string[]], expected: RegExp = /^NOPERM/u): AttackCase {
  return {
    group: "access",
    name: `application is refused ${name}`,
    async run() {
      const redis = await fullRedis();
      using connection = await redis.signIn("application");
      const reply = await connection.send(...words);
      assert.match(reply.kind === "error" ? reply.bytes.toString() : reply.kind, expected);
      assert.ok(await redis.isAlive(), "the server is gone");
    },
  };
}

const luaTable = "local t = {} for i = 1, 1e9 do t[i] = {i} end";
const luaString = "local s = 'x' while true do s = s .. s end";

const refused: AttackCase[] = [
  refusedCase("a Lua table without end", ["EVAL", luaTable, "0"]),
  refusedCase("a Lua string without end", ["EVAL", luaString, "0"]),
  refusedCase("EVAL_RO", ["EVAL_RO", luaString, "0"]),
  refusedCase("EVALSHA", ["EVALSHA", "0".repeat(40), "0"]),
  refusedCase("FCALL", ["FCALL", "f", "0"]),
  refusedCase("SCRIPT LOAD", ["SCRIPT", "LOAD", luaTable]),
  refusedCase("SCRIPT FLUSH", ["SCRIPT", "FLUSH"]),
  refusedCase("SCRIPT KILL", ["SCRIPT", "KILL"]),
  refusedCase("FUNCTION LOAD", ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() end)"]),
  refusedCase("FUNCTION FLUSH", ["FUNCTION", "FLUSH"]),
  refusedCase("FUNCTION DELETE", ["FUNCTION", "DELETE", "l"]),
  refusedCase("FUNCTION RESTORE", ["FUNCTION", "RESTORE", "x", "FLUSH"]),
  refusedCase("LCS", ["LCS", "big", "big"]),
  refusedCase("a bit far out", ["SETBIT", "far", "4294967295", "1"], /^ERR bit offset|^OOM/u),
  refusedCase("a range far out", ["SETRANGE", "far", "536870911", "x"], /^ERR string exceeds|^OOM/u),
  refusedCase("a bit field far out", ["BITFIELD", "far", "SET", "u8", "4294967288", "1"], /^ERR bit offset|^OOM/u),
  refusedCase("SHUTDOWN", ["SHUTDOWN", "NOSAVE"]),
  refusedCase("FLUSHALL", ["FLUSHALL"]),
  refusedCase("FLUSHDB", ["FLUSHDB"]),
  refusedCase("SWAPDB", ["SWAPDB", "0", "1"]),
  refusedCase("CONFIG SET", ["CONFIG", "SET", "maxmemory", "0"]),
  refusedCase("CONFIG GET", ["CONFIG", "GET", "*"]),
  refusedCase("CONFIG REWRITE", ["CONFIG", "REWRITE"]),
  refusedCase("DEBUG SEGFAULT", ["DEBUG", "SEGFAULT"], /^NOPERM|not allowed/u),
  refusedCase("DEBUG SLEEP", ["DEBUG", "SLEEP", "60"], /^NOPERM|not allowed/u),
  refusedCase("REPLICAOF", ["REPLICAOF", "127.0.0.1", "1"]),
  refusedCase("SYNC", ["SYNC"]),
  refusedCase("PSYNC", ["PSYNC", "?", "-1"]),
  refusedCase("MONITOR", ["MONITOR"]),
  refusedCase("KEYS", ["KEYS", "*"]),
  refusedCase("SAVE", ["SAVE"]),
  refusedCase("BGSAVE", ["BGSAVE"]),
  refusedCase("BGREWRITEAOF", ["BGREWRITEAOF"]),
  refusedCase("ACL SETUSER", ["ACL", "SETUSER", "application", "+@all"]),
  refusedCase("ACL LOAD", ["ACL", "LOAD"]),
  refusedCase("ACL LIST", ["ACL", "LIST"]),
  refusedCase("CLIENT KILL", ["CLIENT", "KILL", "TYPE", "normal"]),
  refusedCase("CLIENT PAUSE", ["CLIENT", "PAUSE", "60000"]),
  refusedCase("CLIENT NO-EVICT", ["CLIENT", "NO-EVICT", "on"]),
  refusedCase("MODULE LOAD", ["MODULE", "LOAD", "/tmp/x.so"], /^NOPERM|not allowed/u),
  refusedCase("RESTORE", ["RESTORE", "k", "0", "x"]),
  refusedCase("MIGRATE", ["MIGRATE", "127.0.0.1", "1", "big", "0", "1000"]),
  refusedCase("FAILOVER", ["FAILOVER"]),
  refusedCase("SLOWLOG RESET", ["SLOWLOG", "RESET"]),
  refusedCase("LATENCY RESET", ["LATENCY", "RESET"]),
];

/** What who may sign in to a Redis can do to it. */
export const redisServer: readonly AttackCase[] = [...refused, ...floods];
