/** A Redis with a start guard on a lab of three nodes, writers of keys that are never written twice, and `holdfast move`. */
import assert from "node:assert/strict";
import { chown, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { Redis } from "ioredis";
import { pushBackupImage } from "../../lab/images/backup.ts";
import type { Lab } from "../../lab/lab.ts";
import type { LabNode } from "../../lab/nodes/node.ts";
import { makeStoreReady } from "../../live/readiness/first-start.ts";
import { guardEnvironment, startScript, startScriptPath } from "../../model/service/start-guard.ts";
import { handleSchema, type ServiceSpec } from "../../swarm/api/objects.ts";
import { inspectService } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { engineOf, LabService, nodeOf, removeLeftovers, removeVolume, until } from "../support/lab-service.ts";
import { testCacheDirectory } from "../support/sandbox.ts";

const cli = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
const redisUser = 999;
const calmMs = 1500;
const calmLimitMs = 180_000;

/** How such a service is made. */
export interface MovedRedisOptions {
  readonly name: string;
  readonly port: number;
  /** The number of its first node. */
  readonly node: number;
}

/** A service that is moved. */
export class MovedRedis {
  readonly #lab: Lab;
  readonly #options: MovedRedisOptions;
  readonly service: LabService;
  readonly image: string;

  private constructor(lab: Lab, options: MovedRedisOptions, image: string) {
    this.#lab = lab;
    this.#options = options;
    this.service = new LabService(lab, options);
    this.image = image;
  }

  get volume(): string {
    return `${this.#options.name}-data`;
  }

  get #engine() {
    return nodeOf(this.#lab, 1).dockerHost;
  }

  /** Creates it as the components do: a first start marks its volume. */
  static async create(lab: Lab, options: MovedRedisOptions): Promise<MovedRedis> {
    const { name, port, node } = options;
    const redis = new MovedRedis(lab, options, await pushBackupImage(lab, testCacheDirectory));
    const connection = findEngine({ host: redis.#engine });
    const store = `shop/test/${name}`;
    const script = startScript({ identity: store, dataPaths: ["/data"] });
    const config = handleSchema.parse(
      await connection.docker.createConfig({ Name: `${name}-start`, Data: Buffer.from(script).toString("base64") }),
    );
    const file = { Name: startScriptPath, UID: "0", GID: "0", Mode: 0o444 };
    const updates = { Parallelism: 1, Order: "stop-first", Monitor: 5e8 };
    const spec: ServiceSpec = {
      Name: name,
      Labels: { "holdfast.identity": store },
      TaskTemplate: {
        ContainerSpec: {
          Image: lab.redisImage,
          Command: ["sh", startScriptPath],
          Args: [
            "redis-server",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
            "--auto-aof-rewrite-percentage",
            "0",
          ],
          User: `${redisUser}:${redisUser}`,
          Env: Object.entries(guardEnvironment).map(([key, value]) => `${key}=${value}`),
          Mounts: [{ Type: "volume", Source: redis.volume, Target: "/data" }],
          Configs: [{ ConfigID: config.id, ConfigName: `${name}-start`, File: file }],
        },
        Placement: { Constraints: [`node.hostname==${nodeOf(lab, node).name}`] },
        RestartPolicy: { Condition: "any", Delay: 5e8 },
      },
      Mode: { Replicated: { Replicas: 1 } },
      UpdateConfig: { ...updates, FailureAction: "rollback" },
      RollbackConfig: { ...updates, FailureAction: "pause" },
      EndpointSpec: {
        Mode: "dnsrr",
        Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: port, PublishMode: "host" }],
      },
    };
    await makeStoreReady(connection, spec, { store, begins: false, marks: true, credentials: undefined });
    await connection.docker.createService({ ...spec } as object);
    await redis.service.settle();
    return redis;
  }

  /** Removes it with its volumes of any name. */
  async remove(volumes: readonly string[] = []): Promise<void> {
    const { name } = this.#options;
    await removeLeftovers(this.#lab, [name], [this.volume, ...volumes]);
    await engineOf(nodeOf(this.#lab, 1)).getConfig(`${name}-start`).remove();
  }

  /** Puts files of so many bytes into its volume, beside what the server writes. */
  async fill(bytes: number): Promise<void> {
    const node = await this.service.node();
    const { Mountpoint } = await engineOf(node).getVolume(this.volume).inspect();
    const folder = join(Mountpoint, "kept");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await chown(folder, redisUser, redisUser);
    const part = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)));
    const partsOfFile = 1024;
    for (let number = 0, left = bytes; left > 0; number++) {
      const path = join(folder, String(number));
      const file = await open(path, "w");
      for (let index = 0; index < partsOfFile && left > 0; index++) {
        part.writeUInt32BE(number * partsOfFile + index, 0);
        left -= (await file.write(part, 0, Math.min(left, part.length))).bytesWritten;
      }
      await file.close();
      await chown(path, redisUser, redisUser);
    }
  }

  /** `holdfast move`, as a person runs it. */
  move(to: LabNode, ...words: string[]) {
    return execa(
      process.execPath,
      [
        cli,
        "move",
        this.#options.name,
        "--to",
        to.name,
        "--image",
        this.image,
        "--yes",
        "--engine",
        this.#engine,
        ...words,
      ],
      { cwd: this.#lab.directory, reject: false, all: true },
    );
  }

  /** `docker service update --force`: its task is replaced on the same node. */
  async replace(): Promise<void> {
    await this.service.update((template) => {
      template.ForceUpdate += 1;
    });
  }

  /** Removes the copy that a move has left, as the command says at its end. */
  async removeFormer(node: LabNode): Promise<void> {
    const engine = engineOf(node);
    for (const { Id } of await engine.listContainers({ all: true, filters: { volume: [this.volume] } }))
      await engine
        .getContainer(Id)
        .remove()
        .catch(() => undefined);
    await removeVolume(node, this.volume);
  }

  /** How many of these keys the server does not have. */
  async missing(keys: readonly string[]): Promise<number> {
    const { address } = await this.service.node();
    const client = new Redis({ host: address, port: this.#options.port, retryStrategy: () => 100 });
    client.on("error", () => undefined);
    try {
      let missing = 0;
      const step = 500;
      for (let from = 0; from < keys.length; from += step) {
        const asked = keys.slice(from, from + step);
        const values = await client.mget(asked);
        missing += asked.filter((key, index) => values[index] !== key).length;
      }
      return missing;
    } finally {
      client.disconnect();
    }
  }

  /** Waits until the service has exactly one task, which runs, and Swarm does nothing about it; a rollback is an end, too. */
  async untilCalm(): Promise<void> {
    const docker = engineOf(nodeOf(this.#lab, 1));
    let since = 0;
    await until(
      async () => {
        const { UpdateStatus } = (await inspectService(docker, this.#options.name)) ?? {};
        const isBusy = ["updating", "rollback_started"].includes(UpdateStatus?.State ?? "");
        const active = (await this.service.tasks()).filter(
          ({ DesiredState, Status }) => DesiredState === "running" || Status.State === "running",
        );
        const isCalm = !isBusy && active.length === 1 && active[0]?.Status.State === "running";
        since = isCalm ? since || Date.now() : 0;
        return isCalm && Date.now() - since > calmMs;
      },
      `${this.#options.name} has one running task`,
      calmLimitMs,
    );
  }

  /** What is left of moves in the swarm. */
  async leftovers(): Promise<string[]> {
    const docker = engineOf(nodeOf(this.#lab, 1));
    const filters = JSON.stringify({ label: ["holdfast.move"] });
    const [services, networks, secrets] = await Promise.all([
      docker.listServices({ filters }),
      docker.listNetworks({ filters }),
      docker.listSecrets({ filters }),
    ]);
    return [...services, ...secrets].map(({ Spec }) => Spec?.Name ?? "").concat(networks.map(({ Name }) => Name));
  }

  writers(count: number): Writers {
    return new Writers(
      this.#lab.nodes.map(({ address }) => address),
      this.#options.port,
      count,
    );
  }
}

const connectMs = 200;
const answerMs = 1000;

/** Writers that go on wherever the server is, with a new key after every failure. */
export class Writers {
  readonly #addresses: readonly string[];
  readonly #port: number;
  readonly #loops: Promise<void>[];
  readonly acknowledged: string[] = [];
  /** When each was acknowledged, in the time of `performance.now()`. */
  readonly times: number[] = [];
  #isOver = false;
  #number = 0;

  constructor(addresses: readonly string[], port: number, count: number) {
    this.#addresses = addresses;
    this.#port = port;
    this.#loops = Array.from({ length: count }, () => this.#write());
  }

  #goesOn(): boolean {
    return !this.#isOver;
  }

  async #write(): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const host = this.#addresses[round % this.#addresses.length];
      if (host === undefined) return;
      const client = new Redis({
        ...{ host, port: this.#port, lazyConnect: true, connectTimeout: connectMs, commandTimeout: answerMs },
        ...{ retryStrategy: () => null, maxRetriesPerRequest: 0, enableOfflineQueue: false },
      });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (this.#goesOn()) {
          const key = `written:${(this.#number += 1)}`;
          await client.set(key, key);
          this.acknowledged.push(key);
          this.times.push(performance.now());
          // A steady load, not as much as it takes.
          await sleep(1);
        }
      } catch {
        await sleep(5);
      } finally {
        client.disconnect();
      }
    }
  }

  /** The longest time without an acknowledged write since then, in milliseconds. */
  longestGapMs(since: number): number {
    let longest = 0;
    let last = since;
    for (const time of this.times) {
      if (time < since) continue;
      longest = Math.max(longest, time - last);
      last = time;
    }
    return Math.max(longest, performance.now() - last);
  }

  /** Waits until so many more are acknowledged: the server writes again. */
  async untilWritten(count: number, limitMs?: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await until(() => Promise.resolve(this.acknowledged.length >= wanted), "keys are written", limitMs);
  }

  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    assert.ok(this.acknowledged.length > 0);
    return this.acknowledged;
  }
}
