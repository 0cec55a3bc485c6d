import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { RedisConnection } from "../../cli/commands/redis/connection.ts";
import { formatReply, rawReply } from "../../cli/commands/redis/reply.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import { sandboxStartMs, testCacheDirectory } from "../support/sandbox.ts";

const script = (returned: string) => ["eval", returned, "0"] as const;

/** Commands whose replies are of each kind, empty, nested and wrong, on what is set up below. */
const commands: (readonly [string, ...string[]])[] = [
  ["ping"],
  ["get", "text"],
  ["get", "none"],
  ["get", "bytes"],
  ["get", "status"],
  ["strlen", "text"],
  ["incrbyfloat", "float", "0"],
  ["hgetall", "hash"],
  ["hgetall", "none"],
  ["hmget", "hash", "a", "none"],
  ["config", "get", "maxmemory*"],
  ["smembers", "set"],
  ["smembers", "none"],
  ["smismember", "set", "a", "b"],
  ["lrange", "list", "0", "-1"],
  ["lrange", "none", "0", "-1"],
  ["zrange", "sorted", "0", "-1", "withscores"],
  ["zscore", "sorted", "b"],
  ["zpopmin", "none"],
  ["xrange", "stream", "-", "+"],
  ["xread", "streams", "stream", "0"],
  ["xread", "streams", "stream", "9-9"],
  ["xinfo", "stream", "stream"],
  ["command", "info", "get", "nothing-of-this-name"],
  ["command", "docs", "ping"],
  ["command", "list", "filterby", "pattern", "xread*"],
  ["acl", "getuser", "default"],
  ["geopos", "none", "x"],
  ["object", "encoding", "hash"],
  ["client", "getname"],
  ["memory", "usage", "hash"],
  ["function", "list"],
  ["latency", "latest"],
  ["role"],
  ["incr", "hash"],
  ["nothing-of-this-name"],
  ["debug", "sleep"],
  script("return {1, {2, {'three', false}}, {}}"),
  script("return {{}, {{}}, {{{'deep'}}}}"),
  script("redis.setresp(3) return {map = {x = {map = {y = 1}}}}"),
  script("redis.setresp(3) return {map = {x = {1, 2}}}"),
  script("redis.setresp(3) return {map = {}}"),
  script("redis.setresp(3) return {set = {x = true}}"),
  script("redis.setresp(3) return {double = 3.25}"),
  script("redis.setresp(3) return true"),
  script("redis.setresp(3) return {false, true, {double = 1e100}}"),
  script("return {ok = 'fine'}"),
  script("return {{ok = 'fine'}, {err = 'WRONG thing'}}"),
  script("return redis.error_reply('WRONG thing')"),
  script("return redis.call('debug', 'protocol', 'verbatim')"),
];

/** Commands that give a kind for RESP3 alone. */
const kinds = ["string", "integer", "double", "null", "array", "set", "map", "verbatim", "true", "false"];

describe("what a reply looks like", function () {
  this.timeout(60_000);

  let folder: string;
  let server: ChildProcess;
  let port: number;
  let environment: NodeJS.ProcessEnv;

  before(async function () {
    this.timeout(sandboxStartMs);
    const toolbox = await fillToolbox(testCacheDirectory, () => undefined);
    environment = { ...process.env, ...toolbox.environment };
    folder = await mkdtemp(join(tmpdir(), "holdfast-redis-cli-"));
    port = await freePort();
    const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes"];
    server = spawn("redis-server", [...settings, "--dir", folder], { env: environment, stdio: "ignore" });
    using redis = await connected();
    const many = Array.from({ length: 11 }, (_, index) => `item ${index}`);
    for (const command of [
      ["set", "text", 'say "hi"\n\t\\'],
      ["set", "bytes", "\u0000ä\u0007"],
      ["set", "status", "OK"],
      ["set", "float", "0.1"],
      ["hset", "hash", "a", "1", "b", "two words"],
      ["sadd", "set", "a"],
      ["rpush", "list", ...many],
      ["zadd", "sorted", "1", "a", "2.5", "b"],
      ["xadd", "stream", "1-1", "field", "value", "other", "value"],
      ["xadd", "stream", "2-1", "field", "value"],
    ] as [string, ...string[]][])
      assert.notEqual((await redis.send(...command)).kind, "error", command.join(" "));
  });

  after(async () => {
    const ended = once(server, "exit");
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  });

  for (const version of [2, 3] as const)
    it(`is what redis-cli shows, in RESP${version}, on a terminal and in a pipe`, async () => {
      using redis = await connected();
      await redis.send("hello", `${version}`);
      const debug = kinds.map((kind) => ["debug", "protocol", kind] as [string, ...string[]]);
      for (const command of version === 3 ? [...commands, ...debug] : commands) {
        const name = command.join(" ");
        const reply = await redis.send(...command);
        const onTerminal = await redisCli(version, ["--no-raw"], command);
        assert.equal(`${formatReply(command, reply)}\n`, onTerminal.toString(), name);
        const inPipe = await redisCli(version, [], command);
        // Here alone nil is told from an empty text, and an error says that it is one, in a list as elsewhere.
        if (onTerminal.includes("(nil)") || onTerminal.includes("(error)")) continue;
        assert.equal(`${rawReply(reply).toString("latin1")}\n`, inPipe.toString("latin1"), name);
      }
    });

  async function connected(): Promise<RedisConnection> {
    for (let left = 100; ; left--) {
      try {
        return await RedisConnection.open({ host: "127.0.0.1", port });
      } catch (error) {
        if (left === 0) throw error;
        await sleep(50);
      }
    }
  }

  async function redisCli(version: 2 | 3, options: string[], command: readonly string[]): Promise<Buffer> {
    const args = ["-p", `${port}`, ...(version === 3 ? ["-3"] : []), ...options, ...command];
    const { stdout } = await execa("redis-cli", args, {
      env: environment,
      encoding: "buffer",
      stripFinalNewline: false,
    });
    return Buffer.from(stdout);
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
