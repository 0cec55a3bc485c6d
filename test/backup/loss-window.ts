/** What is lost when a node dies under full write load: its engine, the server and the companion, all of them at once. */
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { backupConfigurationVariable, backupSecretFiles, type BackupConfiguration } from "../../backup/protocol.ts";
import { assembleBackupImage } from "../../lab/images/backup.ts";
import { labRegistry, pushImage } from "../../lab/images/registry.ts";
import { startLab, stopLab, type Lab } from "../../lab/lab.ts";
import { killNode, startNode } from "../../lab/nodes/node.ts";
import { canaryKey } from "../../model/redis/canary.ts";
import { handleSchema } from "../../swarm/api/objects.ts";
import { engineOf, nodeOf, until } from "../support/lab-service.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { Rig } from "./rig.ts";

/** For how long a store is written to before its node is killed: until a random moment of this time. */
const loadSeconds = { least: 3, most: 7 };

/** How often the time is written into the store, by a client elsewhere. */
const writerMs = 10;

/** The time after which a delivery is late; the companion's own canary comes six times as often. */
const lateAfterSeconds = 12;

/** How long a node that has booted may take until its store is backed up. */
const startLimitMs = 120_000;

const port = 10_090;
const store = "shop/prod/redis";
const canaryPassword = "password-of-the-canary";
/** The user of Redis in its image, and of the companion. */
const userId = 999;

/** What one kill showed. */
export type Kill =
  | {
      /** From the newest write that is in the backup to the newest that was acknowledged. */
      readonly lossSeconds: number;
      /** The longest that a canary of the companion took to be delivered. */
      readonly measuredSeconds: number;
      readonly writesPerSecond: number;
    }
  | { readonly wrong: string };

/**
 * Kills the node of a store so many times, and restores what the repository has then. Each time the node boots with an empty disk.
 *
 * @param told - gets what each kill showed
 */
export async function killsUnderLoad(kills: number, told: (kill: number, outcome: Kill) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-loss-"));
  try {
    const options = { directory, cacheDirectory: testCacheDirectory, heartbeatSeconds: 2, disks: false, nodes: 2 };
    const lab = await startLab(options);
    const folders = { data: join(directory, "data"), repository: join(directory, "repository") };
    for (const folder of Object.values(folders)) await makeFolder(folder);
    await createStore(lab, folders);
    for (let kill = 1; kill <= kills; kill++) {
      told(kill, await killOnce(lab, folders.repository));
      for (const folder of Object.values(folders))
        for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      await startNode(directory, "node-2");
    }
  } finally {
    await stopLab(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder);
  await chown(folder, userId, userId);
  await chmod(folder, 0o700);
}

/** The server and its companion on `node-2`; their folders are on the disk of this machine. */
async function createStore(lab: Lab, folders: { data: string; repository: string }): Promise<void> {
  const docker = engineOf(nodeOf(lab, 1));
  const image = await pushImage(labRegistry(lab), await assembleBackupImage(testCacheDirectory));
  const secrets = await Promise.all(
    Object.entries({ password: Rig.password, canary: canaryPassword } as const).map(async ([name, text]) => {
      const file = name === "canary" ? backupSecretFiles.canary : backupSecretFiles.password;
      const data = { Name: name, Data: Buffer.from(text).toString("base64") };
      const { id } = handleSchema.parse(await docker.createSecret(data));
      const target = { Name: file, UID: String(userId), GID: String(userId), Mode: 0o400 };
      return { SecretID: id, SecretName: name, File: target };
    }),
  );
  const network = handleSchema.parse(await docker.createNetwork({ Name: "shop", Driver: "overlay" }));
  const placed = {
    Placement: { Constraints: ["node.hostname==node-2"] },
    RestartPolicy: { Condition: "any", Delay: 1e8 },
    Networks: [{ Target: network.id }],
  };
  const configuration = {
    ...{ store, data: "/data", kind: "log", repository: "/repository", lateAfterSeconds },
    canary: { host: "tasks.shop", port: 6379, username: "backup" },
  } satisfies Partial<BackupConfiguration>;
  const bind = (source: string, target: string, isReadOnly = false) => ({
    ...{ Type: "bind", Source: source, Target: target, ReadOnly: isReadOnly },
  });
  const user = ["--user", "backup", "on", `>${canaryPassword}`, `~${canaryKey}`, "-@all", "+set", "+get"];
  await docker.createService({
    Name: "shop",
    TaskTemplate: {
      ContainerSpec: {
        Image: lab.redisImage,
        Args: [
          "--appendonly",
          "yes",
          "--aof-timestamp-enabled",
          "yes",
          "--save",
          "",
          "--protected-mode",
          "no",
          ...user,
        ],
        User: `${userId}:${userId}`,
        Mounts: [bind(folders.data, "/data")],
      },
      ...placed,
    },
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: port, PublishMode: "host" }],
    },
  } as object);
  await docker.createService({
    Name: "shop-backup",
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Args: ["follow"],
        Env: [`${backupConfigurationVariable}=${JSON.stringify(configuration)}`],
        User: `${userId}:${userId}`,
        Mounts: [
          bind(folders.data, "/data", true),
          bind(folders.repository, "/repository"),
          { Type: "tmpfs", Target: "/tmp" },
        ],
        Secrets: secrets,
      },
      ...placed,
    },
  } as object);
}

async function killOnce(lab: Lab, repository: string): Promise<Kill> {
  await using rig = await Rig.create({ store, repository });
  const { address } = nodeOf(lab, 2);
  const redis = new Redis({ host: address, port, maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on("error", () => undefined);
  try {
    while ((await redis.ping().catch(() => "")) !== "PONG") await sleep(100);
    const writer = new TimeWriter(redis);
    await until(() => hasBase(rig, repository), "the base is delivered", startLimitMs);
    const load = rig.start("nice", ["-n", "5", "redis-benchmark", "-h", address, "-p", String(port), ...loadWords]);
    const before = await writesOf(redis);
    const began = Date.now();
    await sleep((loadSeconds.least + Math.random() * (loadSeconds.most - loadSeconds.least)) * 1000);
    const writesPerSecond = ((await writesOf(redis)) - before) / ((Date.now() - began) / 1000);
    await killNode(lab.directory, "node-2");
    const acknowledged = writer.stop();
    load.kill("SIGKILL");
    const folder = join(rig.folder, "restored");
    const { last } = await rig.run(["restore", "--to", folder]);
    if (last.type !== "result") return { wrong: JSON.stringify(last) };
    const again = await rig.startRedis(folder);
    const found = Number(await again.redis.get(TimeWriter.key));
    const { window } = await listed(rig);
    if (found === 0 || window === undefined)
      return { wrong: `the backup has ${found === 0 ? "no write" : "no canary"}` };
    return {
      lossSeconds: (acknowledged - found) / 1000,
      measuredSeconds: window.worst / 1000,
      writesPerSecond,
    };
  } finally {
    redis.disconnect();
  }
}

/** As fast as the server takes it, with what the server and its companion leave of the processors: clients are elsewhere. */
const loadWords = ["-t", "set", "-n", "1000000000", "-r", "200000", "-d", "32", "-P", "64", "-c", "8", "-q"];

async function writesOf(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/u.exec(await redis.info("stats"))?.[1] ?? 0);
}

async function hasBase(rig: Rig, repository: string): Promise<boolean> {
  const snapshots = await readdir(join(repository, "snapshots")).catch(() => []);
  return snapshots.length > 0 && (await listed(rig)).bases > 0;
}

async function listed(rig: Rig) {
  const { last } = await rig.run(["list"]);
  if (last.type !== "result" || last.command !== "list") throw new Error(JSON.stringify(last));
  return last;
}

/** Writes the time again and again. */
class TimeWriter {
  static readonly key = "time";
  readonly #stop = new AbortController();
  #acknowledged = 0;

  constructor(redis: Redis) {
    void this.#write(redis);
  }

  async #write(redis: Redis): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const time = Date.now();
      const isTaken = await redis.set(TimeWriter.key, time).then(
        () => true,
        () => false,
      );
      if (isTaken) this.#acknowledged = time;
      await sleep(writerMs);
    }
  }

  /** @returns the newest time whose writing was acknowledged */
  stop(): number {
    this.#stop.abort();
    return this.#acknowledged;
  }
}
