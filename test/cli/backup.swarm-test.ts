import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { backupConfigurationVariable } from "../../backup/protocol.ts";
import { readRecord } from "../../lab/host/record-file.ts";
import { pushBackupImage } from "../../lab/images/backup.ts";
import type { Lab } from "../../lab/lab.ts";
import { labAddresses, namespaceName } from "../../lab/nodes/network.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { labKind } from "../../lab/nodes/record.ts";
import { findBackupTasks } from "../../live/backup/companion-task.ts";
import { handleSchema } from "../../swarm/api/objects.ts";
import { listTasks, inspectService } from "../../swarm/api/reads.ts";
import { engineOf, LabService, nodeOf, removeLeftovers, until, volumeNames } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { testCacheDirectory } from "../support/sandbox.ts";

const serverPort = 8200;

/** Its image is new to its node. */
const companionStartMs = 120_000;

/** What is written in this time may be lost with the node. */
const lossWindowMs = 5000;

/** Starts a server of the repository in the network of a node. */
function startServer(namespace: string, folder: string, address: string) {
  const program = fileURLToPath(new URL("../support/restic-server.ts", import.meta.url));
  const words = [process.execPath, program, folder, address, String(serverPort)];
  return execa("nsenter", [`--net=/run/netns/${namespace}`, ...words], { stdin: "pipe", reject: false });
}

describe("backups on three nodes", function () {
  this.timeout(labStartMs);
  this.slow(60_000);
  let lab: Lab;
  let folder: string;
  let shop: LabService;
  let servers: ReturnType<typeof startServer>[] = [];
  const made: string[] = [];

  const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
  const command = (...words: string[]) =>
    execa(process.execPath, [entry, ...words, "--engine", nodeOf(lab, 1).dockerHost, "--json"], {
      cwd: folder,
      reject: false,
    });
  const run = async (...words: string[]) => {
    const { stdout, stderr, exitCode } = await command(...words);
    return { exitCode, document: JSON.parse(stdout || "{}") as Record<string, never>, stderr };
  };
  const docker = () => engineOf(nodeOf(lab, 1));
  const companion = async () => {
    const service = await inspectService(docker(), "shop-backup");
    assert.ok(service);
    return service;
  };

  before(async () => {
    lab = await sharedLab();
    const record = readRecord(labKind, lab.directory);
    assert.ok(record);
    folder = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
    const [gateway = ""] = labAddresses(record.addressIndex).bridgeAddress.split("/");
    // Every node has the repository at the same address: containers reach nothing beyond their node.
    servers = lab.nodes.map(({ name }) => startServer(namespaceName(record.id, name), folder, gateway));
    const image = await pushBackupImage(lab, testCacheDirectory);
    shop = await LabService.create(lab, {
      name: "shop",
      port: 10_090,
      args: ["--appendonly", "yes", "--aof-timestamp-enabled", "yes"],
      mounts: [{ Type: "volume", Source: "shop-data", Target: "/data" }],
      constraints: ["node.hostname==node-2"],
    });
    const secret = handleSchema.parse(
      await docker().createSecret({
        Name: "shop-repository",
        Data: Buffer.from("correct horse battery").toString("base64"),
      }),
    );
    const file = { Name: "repository-password", UID: "999", GID: "999", Mode: 0o400 };
    const configuration = {
      ...{ store: "shop/test/redis", data: "/data", kind: "log", everySeconds: 1 },
      repository: `rest:http://${gateway}:${serverPort}/shop`,
    };
    await docker().createService({
      Name: "shop-backup",
      Labels: { "holdfast.backup.of": "shop" },
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Args: ["follow"],
          Env: [`${backupConfigurationVariable}=${JSON.stringify(configuration)}`],
          User: "999:999",
          ReadOnly: true,
          CapabilityDrop: ["ALL"],
          Mounts: [
            { Type: "volume", Source: "shop-data", Target: "/data", ReadOnly: true },
            { Type: "tmpfs", Target: "/tmp" },
          ],
          Secrets: [{ SecretID: secret.id, SecretName: "shop-repository", File: file }],
          HealthCheck: {
            Test: ["CMD", "node", "/opt/holdfast/backup/main.ts", "health"],
            ...{ Interval: 5e9, Timeout: 10e9, Retries: 3, StartPeriod: 60e9 },
          },
        },
        Placement: { Constraints: ["node.hostname==node-2"] },
        RestartPolicy: { Condition: "any", Delay: 5e8 },
      },
      Mode: { Replicated: { Replicas: 1 } },
    } as object);
    await until(
      async () => (await listTasks(docker(), (await companion()).ID)).at(-1)?.Status.State === "running",
      "the companion runs and is healthy",
      companionStartMs,
    );
  });
  after(async () => {
    lab = await sharedLab();
    await removeLeftovers(lab, ["shop", "shop-backup"], ["shop-data", ...made]);
    await docker()
      .getSecret("shop-repository")
      .remove()
      .catch(() => undefined);
    for (const server of servers) {
      server.stdin.end();
      await server;
    }
    await rm(folder, { recursive: true, force: true });
  });

  it("undoes a mistake: everything up to the second before it is there again, and nothing later", async () => {
    await shop.redis(
      "MSET",
      ...(Array.from({ length: 300 }, (_, number) => [`key:${number}`, "kept"]).flat() as [string]),
    );
    const at = Math.floor(Date.now() / 1000);
    await sleep(1100);
    await shop.redis("FLUSHALL");
    await shop.redis("SET", "later", "lost with the mistake");
    const delivered = await run("backup", "now", "shop");
    assert.equal(delivered.exitCode, 0, delivered.stderr);
    const time = new Date(at * 1000).toISOString();
    const restored = await run("restore", "shop", "--at", time, "--yes");
    assert.equal(restored.exitCode, 0, restored.stderr);
    const { plan } = restored.document as unknown as { plan: { volume: string } };
    made.push(plan.volume);
    assert.equal(await shop.redis("DBSIZE"), 300);
    assert.equal(await shop.redis("GET", "later"), null);
    // What was written after it is kept where it was.
    assert.ok((await volumeNames(nodeOf(lab, 2))).includes("shop-data"));
    const follower = await companion();
    assert.equal(follower.Spec.TaskTemplate.ContainerSpec?.Mounts?.[0]?.Source, plan.volume);
    const proved = await run("backup", "verify", "shop");
    assert.equal(proved.exitCode, 0, proved.stderr);
    const listed = await run("backup", "list");
    assert.equal(listed.exitCode, 0, listed.stderr);
    const { backups } = listed.document as unknown as { backups: { unproved: boolean; late?: string }[] };
    assert.deepEqual(
      backups.map(({ unproved, late }) => [unproved, late]),
      [[false, undefined]],
    );
  });

  it("brings the data of a lost node back on another, also after a kill in the middle", async () => {
    const acknowledged: { key: string; at: number }[] = [];
    for (let number = 0; (acknowledged.at(-1)?.at ?? 0) - (acknowledged[0]?.at ?? 0) < lossWindowMs + 3000; number++) {
      const key = `written:${number}`;
      await shop.redis("SET", key, String(number));
      acknowledged.push({ key, at: Date.now() });
    }
    await killNode(lab.directory, "node-2");
    const lostAt = Date.now();
    await until(async () => (await shop.task()).Status.State === "pending", "the node's loss is known");
    const refused = await run("restore", "shop", "--yes");
    assert.equal(refused.exitCode, 2, refused.stderr);

    const killed = command("restore", "shop", "--node", "node-3", "--yes");
    const orders = async () =>
      (await findBackupTasks(docker(), "shop")).filter(({ order }) => order["command"] === "restore");
    await until(async () => (await orders()).length > 0, "the restore has begun");
    killed.kill("SIGKILL");
    await killed;
    const restored = await run("restore", "shop", "--node", "node-3", "--yes");
    assert.equal(restored.exitCode, 0, restored.stderr);
    const { plan } = restored.document as unknown as { plan: { volume: string; goesOnWith?: string } };
    made.push(plan.volume);
    assert.match(plan.goesOnWith ?? "", /^holdfast-restore-shop-/u);
    assert.deepEqual(await orders(), []);
    assert.equal((await shop.node()).name, "node-3");
    const promised = acknowledged.flatMap(({ key, at }) => (lostAt - at > lossWindowMs ? [key] : []));
    assert.ok(promised.length > 0);
    assert.equal(await shop.redis("EXISTS", ...(promised as [string])), promised.length);
    assert.equal(await shop.redis("EXISTS", "key:0"), 1);
    const follower = await companion();
    assert.deepEqual(follower.Spec.TaskTemplate.Placement?.Constraints, ["node.hostname==node-3"]);
  });
});
