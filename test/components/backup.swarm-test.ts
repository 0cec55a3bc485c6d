import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { execa } from "execa";
import { Redis as Client } from "ioredis";
import { judgePlan } from "../../impact/judge-plan.ts";
import { pushBackupImage } from "../../lab/images/backup.ts";
import { companionOf, findCompanions } from "../../live/backup/companion.ts";
import { listBackup } from "../../live/backup/list.ts";
import { runInContainer } from "../../live/container-command.ts";
import { servicesWithVolume } from "../../live/ownership/volume-owner.ts";
import { readSwarm } from "../../live/read-swarm.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import { findEngine, swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { pushPostgresqlBackupImage, pushPostgresqlImage } from "../support/postgresql-image.ts";
import { changeCount, openProgram, type ProgramStack } from "../support/program-stack.ts";
import { openRegistryDoor } from "../support/registry-door.ts";
import { ArgumentsWatch, containerTexts, fileTexts, managerTexts, placesOf } from "../support/secret-scan.ts";
import { sandboxStartMs, sharedSandbox, testCacheDirectory } from "../support/sandbox.ts";

const password = "correct horse battery";
const repositoryPassword = "staple of another horse";
const service = "backup-store";
const companion = "backup-store-backup";
const repository = "backup-repository";
const orders = "backup-orders";
const notes = "backup-notes";

describe("a store with a backup", function () {
  this.timeout(120_000);
  let docker: Docker;
  let sandbox: Awaited<ReturnType<typeof sharedSandbox>>;
  let manager: EngineConnection;
  let stack: ProgramStack;
  let redis: Client;
  let image = "";
  const volumes = [
    ...["backup-data", repository, "backup-orders-data", "backup-orders-repository"],
    ...["backup-notes-data", "backup-notes-repository"],
  ];

  before(async function () {
    this.timeout(2 * sandboxStartMs);
    sandbox = await sharedSandbox();
    docker = new Docker({ socketPath: sandbox.dockerHost.replace("unix://", "") });
    manager = findEngine({ host: sandbox.dockerHost });
    image = await pushBackupImage(sandbox, testCacheDirectory);
    stack = await openProgram(fileURLToPath(new URL("backup-program", import.meta.url)), sandbox.dockerHost);
    const firstStartUntil = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, "Z");
    await stack.set({ image: sandbox.redisImage, node: sandbox.nodeHostname, firstStartUntil });
    await stack.set({ password, repositoryPassword });
    await stack.up();
    redis = new Client({ host: sandbox.nodeAddress, port: 10_160, username: "application", password });
    // It is replaced in between.
    redis.on("error", () => undefined);
    await redis.set("before", "written before there was a backup");
  });
  after(async () => {
    redis.disconnect();
    await stack.down();
    await stack.remove();
    for (const volume of volumes) {
      for (let left = 40; left > 0 && (await docker.getVolume(volume).remove().catch(String)) !== undefined; left--) {
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  });

  const running = async (name: string) => {
    const found = await inspectService(docker, name);
    const tasks = found === undefined ? [] : await listTasks(docker, found.ID);
    return tasks.filter(({ Status }) => Status.State === "running").map(({ ID }) => ID);
  };

  const runIn = async (name: string, ...command: readonly string[]): Promise<string> => {
    const filters = JSON.stringify({ label: [`com.docker.swarm.service.name=${name}`], health: ["healthy"] });
    const [container] = await docker.listContainers({ filters });
    return (await runInContainer(docker, container?.Id ?? "", [...command])).output.trim();
  };

  /** Runs a statement as the user of the PostgreSQL. */
  const sql = async (statement: string): Promise<string> =>
    runIn(orders, "psql", "-U", "postgres", "-A", "-t", "-c", statement, "postgres");

  const countNotes = async (): Promise<string> =>
    runIn(
      notes,
      ...["node", "--no-warnings", "-p"],
      'new (require("node:sqlite").DatabaseSync)("/data/app.db").prepare("SELECT count(*) AS rows FROM note").get().rows',
    );

  /** Runs the command line in a folder of no project. */
  const holdfast = async (...words: string[]): Promise<string> => {
    const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [entry, ...words, "--engine", sandbox.dockerHost, "--json"],
      { cwd: tmpdir(), reject: false },
    );
    assert.equal(exitCode, 0, `${stdout}${stderr}`);
    return stdout;
  };

  /** All that is in the repository, by restic alone. */
  const restored = async (): Promise<string> => {
    const script = `restic --no-cache snapshots --json | grep -o '"short_id":"[0-9a-f]*"' | cut -d'"' -f4 |
      while read -r id; do restic --no-cache dump --archive tar "$id" /; done`;
    const container = await docker.createContainer({
      Image: image,
      Entrypoint: ["sh", "-c", script],
      Env: ["RESTIC_REPOSITORY=/repository", `RESTIC_PASSWORD=${repositoryPassword}`],
      HostConfig: { Binds: [`${repository}:/repository`], NetworkMode: "none" },
    });
    await container.start();
    await container.wait();
    const logs = await container.logs({ stdout: true, stderr: true });
    await container.remove();
    return logs.toString("latin1");
  };

  it("gets it by one restart that keeps the data, and what is written then is in the repository within seconds", async () => {
    const [before] = await running(service);
    await stack.set({ backupImage: image });
    const { verdicts, withoutData } = judgePlan(await stack.plan());
    assert.deepEqual(
      verdicts.map(({ name, fate }) => [name, fate]),
      [[service, "interrupted"]],
    );
    assert.deepEqual(withoutData, []);
    await stack.up();
    assert.equal((await running(companion)).length, 1);
    const [after] = await running(service);
    assert.notEqual(after, before);
    assert.equal(await redis.get("before"), "written before there was a backup");

    await redis.set("since", "written since there is one");
    const deadline = Date.now() + 60_000;
    let found = "";
    // The companion reaches the server by its network, and may write that key.
    const isThere = (): boolean => found.includes("written since there is one") && found.includes("holdfast:canary");
    while (!isThere() && Date.now() < deadline) found = await restored();
    assert.ok(isThere(), found.slice(0, 2000));
    assert.ok(found.includes("written before there was a backup"), found.slice(0, 2000));
    assert.equal(changeCount(await stack.preview()), 0);
  });

  it("has one writer: the companion only reads the volume, and counts for nobody's second server", async () => {
    const { nodeId } = await swarmMembership(manager);
    const users = await servicesWithVolume(manager, "backup-data", nodeId);
    assert.deepEqual(
      users.map(({ name }) => name),
      [service],
    );
  });

  it("has its passwords nowhere in clear", async () => {
    const watched = new ArgumentsWatch();
    await redis.set("more", "to be delivered");
    // The server and the companion are started again, and deliver.
    await stack.set({ memoryLimit: "96M" });
    await stack.up();
    await redis.set("last", "to be delivered, too");
    for (let left = 60; left > 0 && !(await restored()).includes("to be delivered, too"); left--);
    const texts = [...(await managerTexts(docker)), ...(await containerTexts(docker)), ...(await watched.stop())];
    const kept = await fileTexts(stack.stateDirectory);
    assert.ok(kept.length > 1 && texts.length > 10);
    assert.deepEqual(placesOf([password, repositoryPassword], [...texts, ...kept]), []);
  });

  it("runs the tasks of commands with the login of its image's registry", async () => {
    const { registryAddress } = await sharedSandbox();
    const door = await openRegistryDoor(registryAddress);
    const login = await mkdtemp(join(tmpdir(), "holdfast-login-"));
    const before = process.env["DOCKER_CONFIG"];
    try {
      const swarm = await readSwarm(manager);
      const found = companionOf(findCompanions(swarm), service);
      const { ContainerSpec } = found.service.Spec.TaskTemplate;
      const Image = image.replace(registryAddress, door.address);
      const other = structuredClone(found);
      Object.assign(other.service.Spec.TaskTemplate, { ContainerSpec: { ...ContainerSpec, Image } });
      const { signal } = new AbortController();
      const list = () => listBackup(manager, other, { nodes: swarm.nodes, signal, onProgress: () => undefined });
      process.env["DOCKER_CONFIG"] = login;
      await assert.rejects(list(), new RegExp(`run \`docker login ${door.address}\` and try again`, "u"));
      const auth = Buffer.from(`${door.username}:${door.password}`).toString("base64");
      await writeFile(join(login, "config.json"), JSON.stringify({ auths: { [door.address]: { auth } } }));
      assert.ok((await list()).bases > 0);
    } finally {
      door.close();
      if (before === undefined) delete process.env["DOCKER_CONFIG"];
      else process.env["DOCKER_CONFIG"] = before;
      await rm(login, { recursive: true });
    }
  });

  it("keeps the repository when the backup is taken out, and its data", async () => {
    await stack.set({ backupImage: "" });
    const { verdicts, withoutData } = judgePlan(await stack.plan());
    assert.deepEqual(
      verdicts.map(({ name, fate }) => [name, fate]),
      [[service, "interrupted"]],
    );
    assert.deepEqual(withoutData, [companion]);
    await stack.up();
    assert.equal(await inspectService(docker, companion), undefined);
    assert.equal(await redis.get("since"), "written since there is one");
    assert.ok((await restored()).includes("written since there is one"));
  });

  it("is one of a PostgreSQL from its first start on: a table that was dropped is brought back", async function () {
    this.timeout(2 * sandboxStartMs);
    const postgresqlImage = await pushPostgresqlImage(sandbox);
    const [, majorVersion = ""] = /:(\d+)\./u.exec(postgresqlImage) ?? [];
    await stack.set({ postgresqlImage, majorVersion, postgresqlBackupImage: await pushPostgresqlBackupImage(sandbox) });
    await stack.up();
    await sql("CREATE TABLE orders AS SELECT generate_series(1, 500) AS number");
    await holdfast("backup", "now", orders);
    const at = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await sql("DROP TABLE orders");
    await holdfast("backup", "now", orders);
    const restored = await holdfast("restore", orders, "--at", at, "--yes");
    const { plan } = JSON.parse(restored) as { plan: { volume: string } };
    volumes.push(plan.volume);
    assert.equal(await sql("SELECT count(*) FROM orders"), "500");
  });

  it("is one of any image that writes a file for it: its database comes back as it was then", async function () {
    this.timeout(2 * sandboxStartMs);
    await stack.set({ backupImage: image, notesImage: image });
    await stack.up();
    await holdfast("backup", "now", notes);
    const before = Number(await countNotes());
    const at = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await holdfast("backup", "now", notes);
    const proof = JSON.parse(await holdfast("backup", "verify", notes)) as { level: string; entries: number };
    assert.equal(proof.level, "load");
    assert.ok(proof.entries > before, `${proof.entries} of ${before}`);
    const restored = JSON.parse(await holdfast("restore", notes, "--at", at, "--yes")) as {
      plan: { volume: string };
      restored: { entries: number };
    };
    volumes.push(restored.plan.volume);
    assert.ok(restored.restored.entries <= before + 1 && restored.restored.entries < proof.entries);
    assert.ok(Number(await countNotes()) >= restored.restored.entries);
  });
});
