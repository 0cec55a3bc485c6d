import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { redisConfigurationFile } from "../../components/redis/configuration.ts";
import type { RedisPersistence } from "../../model/redis/persistence.ts";
import { redisDataPath } from "../../model/redis/preparation.ts";
import { redisPreparation } from "../../model/redis/preparation.ts";
import { redisAclFile } from "../../model/redis/users.ts";
import { firstStartVariable, startScript } from "../../model/service/start-guard.ts";

const password = "correct horse battery";

/** A Redis as its container would run it, start script and all, on a folder of this machine and without a port. */
export class RedisProcess {
  readonly client: Redis;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(process: ChildProcess, client: Redis) {
    this.#process = process;
    this.#ended = once(process, "exit");
    this.client = client;
  }

  /** Starts it on the data in a folder, and waits until it answers. */
  static async start(
    folder: string,
    persistence: RedisPersistence,
    environment: NodeJS.ProcessEnv,
  ): Promise<RedisProcess> {
    const dataPath = join(folder, "data");
    const socket = join(folder, "redis.sock");
    const files = { configuration: join(folder, "redis.conf"), users: join(folder, "users.acl") };
    writeFileSync(
      files.users,
      redisAclFile({ application: [], health: [], backup: [], operations: [password] }, false),
    );
    const configuration = redisConfigurationFile({
      persistence,
      maxMemoryBytes: 64 * 1024 * 1024,
      clientMemoryBytes: 16 * 1024 * 1024,
      aclFile: files.users,
    });
    writeFileSync(files.configuration, configuration.replace(`dir ${redisDataPath}`, `dir ${dataPath}`));
    const identity = "test/redis";
    const script = startScript({
      identity,
      dataPaths: [dataPath],
      preparation: redisPreparation(persistence, dataPath),
    });
    spawnSync("sh", ["-c", script], { env: { ...environment, [firstStartVariable]: identity } });
    const overrides = ["--port", "0", "--unixsocket", socket];
    const process = spawn("sh", ["-c", script, "start", "redis-server", files.configuration, ...overrides], {
      env: environment,
      stdio: "ignore",
    });
    const client = new Redis({
      path: socket,
      username: "operations",
      password,
      retryStrategy: () => 10,
      maxRetriesPerRequest: null,
    });
    client.on("error", () => undefined); // The socket is not there yet, or no more.
    const server = new RedisProcess(process, client);
    await Promise.race([client.ping(), server.#refuseToEnd()]);
    return server;
  }

  async #refuseToEnd(): Promise<never> {
    await this.#ended;
    this.client.disconnect();
    throw new Error("redis-server ended instead of answering");
  }

  /** Ends it by a signal. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.client.disconnect();
    this.#process.kill(signal);
    await this.#ended;
  }
}
