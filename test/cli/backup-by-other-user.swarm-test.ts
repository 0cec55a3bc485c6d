import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { execa } from "execa";
import { Redis as Client } from "ioredis";
import { backupConfigurationVariable } from "../../backup/protocol.ts";
import { pushBackupImage } from "../../lab/images/backup.ts";
import { handleSchema } from "../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { until } from "../support/lab-service.ts";
import { sandboxStartMs, sharedSandbox, testCacheDirectory } from "../support/sandbox.ts";

const port = 20_000 + randomInt(9000);
const user = "1000:1000";

/** Its image is new to its node. */
const companionStartMs = 120_000;

interface Restored {
  readonly plan: { readonly volume: string };
  readonly restored: { readonly entries: number };
  readonly isInUse: boolean;
}

describe("the backup of dump.rdb, of a service that runs as a user of its own on a read-only root", function () {
  this.timeout(companionStartMs);
  let docker: Docker;
  let host: string;
  let client: Client;
  const volumes = ["till-data", "till-repository"];

  const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
  const run = async (...words: string[]) => {
    const { stdout, stderr, exitCode } = await execa(process.execPath, [entry, ...words, "--engine", host, "--json"], {
      cwd: "/",
      reject: false,
    });
    return { exitCode, document: JSON.parse(stdout || "{}") as unknown as Restored, stderr };
  };
  const save = async () => {
    const before = await client.lastsave();
    // Redis tells the time of a save in seconds.
    await until(async () => {
      await client.bgsave().catch(() => undefined);
      return (await client.lastsave()) > before;
    }, "dump.rdb is saved");
  };

  before(async function () {
    this.timeout(2 * sandboxStartMs);
    const sandbox = await sharedSandbox();
    host = sandbox.dockerHost;
    ({ docker } = findEngine({ host }));
    const image = await pushBackupImage(sandbox, testCacheDirectory);
    const password = handleSchema.parse(
      await docker.createSecret({ Name: "till-repository", Data: Buffer.from("a long password").toString("base64") }),
    );
    await docker.createService({
      Name: "till",
      TaskTemplate: {
        ContainerSpec: {
          Image: sandbox.redisImage,
          Command: ["redis-server", "--save", "", "--dir", "/data", "--protected-mode", "no"],
          ...{ User: user, ReadOnly: true, CapabilityDrop: ["ALL"] },
          Mounts: [{ Type: "volume", Source: "till-data", Target: "/data" }],
        },
        RestartPolicy: { Condition: "any", Delay: 5e8 },
      },
      Mode: { Replicated: { Replicas: 1 } },
      UpdateConfig: { Parallelism: 1, Order: "stop-first", Monitor: 5e8 },
      EndpointSpec: {
        Mode: "dnsrr",
        Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: port, PublishMode: "host" }],
      },
    } as object);
    client = new Client({ host: sandbox.nodeAddress, port, retryStrategy: () => 100, maxRetriesPerRequest: 300 });
    client.on("error", () => undefined);
    await client.ping();
    // By now the image is on the node.
    const maker = await docker.createContainer({
      Image: sandbox.redisImage,
      Entrypoint: ["chown", user, "/data"],
      User: "0",
      HostConfig: { Binds: ["till-data:/data"], NetworkMode: "none" },
    });
    await maker.start();
    await maker.wait();
    await maker.remove();
    const configuration = {
      ...{ store: "till/test/redis", data: "/data", kind: "snapshot", everySeconds: 1, repository: "/repository" },
    };
    const file = { Name: "repository-password", UID: "1000", GID: "1000", Mode: 0o400 };
    await docker.createService({
      Name: "till-backup",
      Labels: { "holdfast.backup.of": "till" },
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Args: ["follow"],
          Env: [`${backupConfigurationVariable}=${JSON.stringify(configuration)}`],
          ...{ User: user, ReadOnly: true, CapabilityDrop: ["ALL"] },
          Mounts: [
            { Type: "volume", Source: "till-data", Target: "/data", ReadOnly: true },
            { Type: "volume", Source: "till-repository", Target: "/repository" },
            { Type: "tmpfs", Target: "/tmp" },
          ],
          Secrets: [{ SecretID: password.id, SecretName: "till-repository", File: file }],
          HealthCheck: {
            Test: ["CMD", "node", "/opt/holdfast/backup/main.ts", "health"],
            ...{ Interval: 2e9, Timeout: 10e9, Retries: 3, StartPeriod: 60e9 },
          },
        },
        RestartPolicy: { Condition: "any", Delay: 5e8 },
      },
      Mode: { Replicated: { Replicas: 1 } },
    } as object);
    await client.mset("one", "1", "two", "2");
    await save();
    await until(
      async () => {
        const companion = await inspectService(docker, "till-backup");
        return (await listTasks(docker, companion?.ID ?? "")).at(-1)?.Status.State === "running";
      },
      "the companion runs and is healthy",
      companionStartMs,
    );
  });
  after(async () => {
    client.disconnect();
    for (const name of ["till", "till-backup"])
      await docker
        .getService(name)
        .remove()
        .catch(() => undefined);
    for (const name of volumes)
      await until(async () => {
        const problem = await docker
          .getVolume(name)
          .remove()
          .then(() => "", String);
        return problem === "" || /no such volume/u.test(problem);
      }, `${name} is removed`);
    await docker.getSecret("till-repository").remove();
  });

  it("is delivered, proved and restored, and the service goes on saving in the new volume", async () => {
    const delivered = await run("backup", "now", "till");
    assert.equal(delivered.exitCode, 0, delivered.stderr);
    const proved = await run("backup", "verify", "till");
    assert.equal(proved.exitCode, 0, proved.stderr);
    await client.set("later", "written after the snapshot");
    // Two at the same time: one of them does it, or one after the other.
    const both = await Promise.all(["till-a", "till-b"].map((to) => run("restore", "till", "--to", to, "--yes")));
    volumes.push("till-a", "till-b");
    for (const { exitCode, stderr } of both)
      if (exitCode !== 0) assert.match(stderr, /(?:Another restore of till|A restore of till into) /u);
    const done = both.find(({ exitCode }) => exitCode === 0);
    assert.ok(done, both.map(({ stderr }) => stderr).join("\n"));
    assert.equal(done.document.restored.entries, 2);
    assert.deepEqual((await client.keys("*")).sort(), ["one", "two"]);
    await client.set("three", "3");
    await save();
    const again = await run("backup", "now", "till");
    assert.equal(again.exitCode, 0, again.stderr);
  });

  it("brings the data back when the service is gone, and says what to do with it", async () => {
    await docker.getService("till").remove();
    const listed = await run("backup", "list", "till");
    assert.equal(listed.exitCode, 0, listed.stderr);
    const restored = await run("restore", "till", "--yes");
    assert.equal(restored.exitCode, 0, restored.stderr);
    const { plan, restored: state, isInUse } = restored.document;
    volumes.push(plan.volume);
    assert.deepEqual([state.entries, isInUse], [3, false]);
  });
});
