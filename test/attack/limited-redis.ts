import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisConnection } from "../../cli/commands/redis/connection.ts";
import { redisConfigurationFile, type RedisTlsFiles } from "../../components/redis/configuration.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import { redisClientMemoryBytes, redisMaxMemoryBytes, RedisPersistence } from "../../model/redis/persistence.ts";
import { redisDataPath } from "../../model/redis/preparation.ts";
import { redisAclFile } from "../../model/redis/users.ts";
import { testCacheDirectory } from "../support/sandbox.ts";

let started = 0;
const limitBytes = 100 * 1024 * 1024;
const passwords = {
  application: "application's password",
  operations: "operations' password",
  health: "health's password",
};

/** A Redis with the configuration and the users of the component, in a memory cgroup with the component's limit, full of data. */
export class LimitedRedis implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #cgroup: string;

  private constructor(port: number, folder: string, process: ChildProcess, cgroup: string) {
    this.port = port;
    this.#folder = folder;
    this.#process = process;
    this.#cgroup = cgroup;
  }

  /** Starts it; `tls` are paths of files. */
  static async start({ scripts = false, tls }: { scripts?: boolean; tls?: RedisTlsFiles } = {}): Promise<LimitedRedis> {
    const { environment } = await fillToolbox(testCacheDirectory, () => undefined);
    const folder = await mkdtemp(join(tmpdir(), "attacked-"));
    const users = join(folder, "users.acl");
    started += 1;
    const port = 20_000 + ((process.pid + started) % 20_000);
    const { application, operations, health } = passwords;
    writeFileSync(
      users,
      redisAclFile({ application: [application], health: [health], backup: [], operations: [operations] }, scripts),
    );
    const configuration = redisConfigurationFile({
      persistence: RedisPersistence.durable,
      maxMemoryBytes: redisMaxMemoryBytes(RedisPersistence.durable, limitBytes, "memoryLimit"),
      clientMemoryBytes: redisClientMemoryBytes(limitBytes),
      aclFile: users,
      ...(tls && { tls }),
    })
      .replace(`dir ${redisDataPath}`, `dir ${folder}`)
      .replace(/^((?:tls-)?port) 6379$/mu, `$1 ${port}`);
    const file = join(folder, "redis.conf");
    writeFileSync(file, `${configuration}bind 127.0.0.1\n`);
    const cgroup = makeCgroup(`holdfast-attack-${process.pid}-${started}`);
    const server = spawn("sh", ["-c", 'echo $$ > "$0/cgroup.procs"; exec redis-server "$1"', cgroup, file], {
      env: environment,
      stdio: "ignore",
    });
    const redis = new LimitedRedis(port, folder, server, cgroup);
    for (let tries = 0; !(await redis.#listens()); tries += 1) {
      if (tries > 200 || server.exitCode !== null) throw new Error(`redis-server did not start with\n${configuration}`);
      await sleep(50);
    }
    return redis;
  }

  /** Signs in as one of the component's users. */
  async signIn(user: keyof typeof passwords): Promise<RedisConnection> {
    const redis = await RedisConnection.open({ host: "127.0.0.1", port: this.port });
    await redis.send("AUTH", user, passwords[user]);
    return redis;
  }

  /** A connection of the application's on which anything is sent, and nothing read. */
  async deafClient(): Promise<Socket> {
    const socket = connect({ host: "127.0.0.1", port: this.port });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.pause();
    socket.write(command("AUTH", "application", passwords.application));
    return socket;
  }

  /** Fills it until it takes no more. */
  async fill(): Promise<void> {
    using redis = await this.signIn("application");
    await redis.send("SET", "big", "x".repeat(4 * 1024 * 1024));
    for (let batch = 0; ; batch += 1) {
      const replies = await Promise.all(
        Array.from({ length: 1000 }, (_, at) => redis.send("SET", `key:${batch}:${at}`, "x".repeat(4000))),
      );
      if (replies.some(({ kind }) => kind === "error")) return;
    }
  }

  /** Whether the same process still serves, after whatever was done to it. */
  async isAlive(): Promise<boolean> {
    await sleep(300);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return false;
    using redis = await this.signIn("health");
    const { kind } = await redis.send("PING");
    return kind === "status";
  }

  async #listens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: this.port });
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => {
        resolve(false);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#process.exitCode ?? this.#process.signalCode;
    this.#process.kill("SIGKILL");
    if (ended === null) await once(this.#process, "exit");
    await rm(this.#folder, { recursive: true, force: true });
    for (let tries = 0; tries < 40; tries += 1) {
      try {
        rmdirSync(this.#cgroup);
        return;
      } catch {
        await sleep(50);
      }
    }
  }
}

/** A command as Redis' protocol has it. */
export function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/** A cgroup, of either version, whose memory is limited as the component's task. */
function makeCgroup(name: string): string {
  const isUnified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const path = join("/sys/fs/cgroup", isUnified ? "" : "memory", name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, isUnified ? "memory.max" : "memory.limit_in_bytes"), String(limitBytes));
  return path;
}
