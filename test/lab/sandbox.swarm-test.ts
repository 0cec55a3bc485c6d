import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { Redis } from "ioredis";
import { labIdentity } from "../../lab/host/identity.ts";
import { mountPointsBelow } from "../../lab/host/mount-point.ts";
import { findOwnedProcesses } from "../../lab/host/owned-process.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import type { Toolbox } from "../../lab/host/toolbox.ts";
import { labNamespaces } from "../../lab/nodes/network.ts";
import { sandboxStatus, sandboxSteps, sandboxVolumes, startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import type { Sandbox, SandboxOptions } from "../../lab/sandbox.ts";
import type { StepEvent } from "../../lab/throwaway-swarm.ts";
import { findEngine, listNodes, requireManager } from "../../swarm/engine/connection.ts";
import { sandboxStartMs, testCacheDirectory } from "../support/sandbox.ts";

describe("a sandbox", function () {
  this.timeout(sandboxStartMs);
  this.slow(20_000);
  let home: string;
  let directory: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "holdfast-sandbox-"));
    directory = join(home, "sandbox");
  });
  after(async () => {
    await stopSandbox(directory);
    await rm(home, { recursive: true });
  });

  const start = (options: Partial<SandboxOptions> = {}) =>
    startSandbox({ directory, cacheDirectory: testCacheDirectory, network: "namespace", ...options });

  describe("on a machine without Docker", () => {
    let sandbox: Sandbox;
    const told: StepEvent[] = [];

    before(async () => {
      sandbox = await start({ onStep: (event) => told.push(event) });
    });

    it("tells each step once, in order", () => {
      const ended = told.filter(({ state }) => state === "done" || state === "skipped");
      assert.deepEqual(
        ended.map(({ title }) => title),
        Object.values(sandboxSteps),
      );
    });

    it("is a swarm of one ready node that is its manager", async () => {
      const connection = findEngine({ host: sandbox.dockerHost });
      const { nodeId, hostname } = await requireManager(connection);
      assert.deepEqual(await listNodes(connection), [
        {
          id: nodeId,
          hostname: sandbox.nodeHostname,
          role: "manager",
          availability: "active",
          state: "ready",
          address: sandbox.nodeAddress,
          labels: {},
        },
      ]);
      assert.equal(hostname, "holdfast-node");
    });

    it("holds a Redis image under its digest, shaped like the official one", async () => {
      const { docker } = findEngine({ host: sandbox.dockerHost });
      await runRedis(sandbox, "shape", { port: 7001 });
      const image = await docker.getImage(sandbox.redisImage).inspect();
      const { Volumes, WorkingDir, ExposedPorts, Cmd } = image.Config;
      assert.deepEqual(
        { Volumes, WorkingDir, ExposedPorts, Cmd },
        { Volumes: { "/data": {} }, WorkingDir: "/data", ExposedPorts: { "6379/tcp": {} }, Cmd: ["redis-server"] },
      );
      const container = await containerOf(sandbox, "shape");
      const output = await execIn(sandbox, container, [
        "sh",
        "-c",
        "grep ^Uid /proc/1/status && stat -c %U:%G /data && redis-check-rdb 2>&1 | head -1 && redis-check-aof 2>&1 | head -1",
      ]);
      assert.match(
        output,
        /^Uid:\t999\t999\t999\t999\nredis:redis\nUsage: redis-check-rdb .*\nUsage: redis-check-aof .*$/,
      );
      await removeService(sandbox, "shape");
    });

    it("resolves the names of services on an overlay network", async () => {
      const { docker } = findEngine({ host: sandbox.dockerHost });
      const network = await docker.createNetwork({ Name: "names", Driver: "overlay", CheckDuplicate: true });
      await runRedis(sandbox, "first", { port: 7002, network: network.id });
      await runRedis(sandbox, "second", { port: 7003, network: network.id });
      const container = await containerOf(sandbox, "first");
      // A container runs a little before its service's name is known and Redis listens.
      await until(async () => (await execIn(sandbox, container, ["redis-cli", "-h", "second", "ping"])) === "PONG");
      await removeService(sandbox, "first");
      await removeService(sandbox, "second");
    });

    it("is only looked at by a second start", async () => {
      const again: StepEvent[] = [];
      assert.deepEqual(await start({ onStep: (event) => again.push(event) }), sandbox);
      assert.deepEqual(
        again.map(({ title, state }) => [title, state]),
        Object.values(sandboxSteps).map((title) => [title, "skipped"]),
      );
    });

    it("is repaired by the next start when its engine was killed, with its services and their data", async () => {
      await runRedis(sandbox, "kept", { port: 7004, volume: "kept" });
      await setKey(sandbox, 7004);
      await killEngine(directory);
      assert.equal((await sandboxStatus(directory)).state, "degraded");
      // What is in it is known without its engine.
      assert.ok((await sandboxVolumes(directory)).some(({ name, bytes }) => name === "kept" && bytes > 0));
      const told: StepEvent[] = [];
      assert.deepEqual(await start({ onStep: (event) => told.push(event) }), sandbox);
      assert.ok(told.some(({ title, state }) => title === sandboxSteps.engine && state === "done"));
      assert.equal(await getKey(sandbox, 7004), "bar");
    });

    it("is repaired by the next start when all of it was killed", async () => {
      for (const { pid } of (await sandboxStatus(directory)).processes) kill(pid);
      await until(async () => (await sandboxStatus(directory)).processes.length === 0);
      assert.equal((await sandboxStatus(directory)).state, "stopped");
      assert.deepEqual(await start(), sandbox);
      const status = await sandboxStatus(directory);
      assert.deepEqual([status.state, status.sandbox], ["running", sandbox]);
      assert.equal(await getKey(sandbox, 7004), "bar");
    });

    it("leaves no trace when it is stopped, also after its engine was killed and containers run on", async () => {
      await killEngine(directory);
      assert.ok((await sandboxStatus(directory)).processes.some(({ inContainer }) => inContainer));
      assert.notDeepEqual(await tracesOf(directory), nothing);
      await stopSandbox(directory);
      assert.deepEqual(await tracesOf(directory), nothing);
      assert.equal((await sandboxStatus(directory)).state, "absent");
      await stopSandbox(directory);
    });
  });

  describe("in a folder", () => {
    it("that holds something else is neither started nor removed", async () => {
      const foreign = join(home, "foreign");
      await mkdir(foreign);
      await writeFile(join(foreign, "thesis.txt"), "mine");
      const refusal = {
        name: "SituationError",
        message: `The folder ${foreign} is not that of a sandbox: it has other files in it. Name the folder of the sandbox.`,
      };
      await assert.rejects(start({ directory: foreign }), refusal);
      await assert.rejects(stopSandbox(foreign), refusal);
      assert.equal(await readFile(join(foreign, "thesis.txt"), "utf8"), "mine");
    });

    it("with a mount below it is removed without what is mounted", async () => {
      const other = join(home, "other");
      const data = join(home, "data");
      for (const path of [join(other, "mounted"), data]) await mkdir(path, { recursive: true });
      await writeFile(join(other, "sandbox.json"), "cut sh");
      await writeFile(join(data, "kept.txt"), "mine");
      await execa("mount", ["--bind", data, join(other, "mounted")]);
      try {
        await stopSandbox(other);
      } finally {
        await execa("umount", [join(other, "mounted")], { reject: false });
      }
      assert.equal(existsSync(other), false);
      assert.equal(await readFile(join(data, "kept.txt"), "utf8"), "mine");
    });
  });

  describe("on the machine's own network", () => {
    const namespace = `holdfast-test-${process.pid}`;
    const project = new URL("../../lab/sandbox.ts", import.meta.url).href;
    /** Stands for the address that others reach the machine at. */
    const ownAddress = "192.0.2.1";
    let tools: Toolbox;
    const ip = (...args: string[]) => execa("ip", args, { env: tools.environment });
    const inNamespace = (...command: string[]) => execa("nsenter", [`--net=/run/netns/${namespace}`, ...command]);
    const links = async () => {
      const { stdout } = await ip("-netns", namespace, "-oneline", "link");
      return stdout.split("\n").map((line) => line.split(": ")[1]);
    };

    before(async () => {
      tools = await fillToolbox(testCacheDirectory, () => undefined);
      await ip("netns", "add", namespace);
      await ip("-netns", namespace, "link", "set", "lo", "up");
      await ip("-netns", namespace, "address", "add", `${ownAddress}/32`, "dev", "lo");
    });
    after(() => ip("netns", "delete", namespace));

    /** Another network namespace stands for the machine's: here a sandbox of the person who runs the tests may run. */
    async function call(name: "startSandbox" | "stopSandbox", ...args: unknown[]): Promise<unknown> {
      const script = `import * as lab from "${project}";
        console.log(JSON.stringify(await lab.${name}(...${JSON.stringify(args)})) ?? "null");`;
      return JSON.parse((await inNamespace(process.execPath, "--input-type=module", "-e", script)).stdout);
    }

    it("publishes ports at 127.0.0.1 alone and removes the links that it made", async () => {
      const before = await links();
      const options = { directory, cacheDirectory: testCacheDirectory };
      // What the first start has begun ends with it, and the next begins again.
      const taken = inNamespace(process.execPath, "-e", "require('node:net').createServer().listen(2377, '127.0.0.1')");
      try {
        await assert.rejects(
          call("startSandbox", options),
          /The swarm of the sandbox does not start; it needs the ports 2377 and 7946/u,
        );
        assert.deepEqual(await links(), before);
        const { state, processes, engineRuns } = await sandboxStatus(directory);
        assert.deepEqual({ state, processes, engineRuns }, { state: "stopped", processes: [], engineRuns: false });
        assert.deepEqual(await sandboxVolumes(directory), []);
      } finally {
        taken.kill("SIGKILL");
        await taken.catch(() => undefined);
      }
      try {
        const sandbox = (await call("startSandbox", options)) as Sandbox; // The same value, through JSON.
        assert.deepEqual([sandbox.nodeAddress, sandbox.registryAddress], ["127.0.0.1", "127.0.0.1:5000"]);
        await findEngine({ host: sandbox.dockerHost }).docker.createNetwork({ Name: "own", CheckDuplicate: true });
        await runRedis(sandbox, "host", { port: 7005 });
        const ping = (address: string) =>
          `const s = require('node:net').connect(7005, '${address}', () => s.write('PING\\r\\n')); s.on('data', (d) => { process.stdout.write(d); s.end(); }); s.on('error', (e) => console.log(e.code));`;
        assert.equal((await inNamespace(process.execPath, "-e", ping("127.0.0.1"))).stdout, "+PONG");
        assert.equal((await inNamespace(process.execPath, "-e", ping(ownAddress))).stdout, "ECONNREFUSED");
        assert.ok((await links()).length > before.length + 2);
      } finally {
        await call("stopSandbox", directory);
      }
      assert.deepEqual(await links(), before);
      assert.deepEqual(await tracesOf(directory), nothing);
    });
  });

  describe("is refused, with nothing left behind,", () => {
    it("to another user than root", async () => {
      const user = process.geteuid?.() ?? 0;
      process.seteuid?.("nobody");
      try {
        await assert.rejects(start(), {
          name: "SituationError",
          message:
            "A sandbox starts a Docker engine, which takes root on Linux; this is user id 65534. " +
            "Run the command with sudo, or point DOCKER_HOST at a running engine.",
        });
      } finally {
        process.seteuid?.(user);
      }
      assert.deepEqual(await tracesOf(directory), nothing);
    });

    it("on a disk without space for it", async () => {
      const disk = join(home, "disk");
      await mkdir(disk);
      await execa("mount", ["-t", "tmpfs", "-o", "size=20m", "tmpfs", disk]);
      try {
        await assert.rejects(start({ directory: join(disk, "sandbox") }), {
          name: "SituationError",
          what: `${join(disk, "sandbox")} has 0.0 GB of free disk space, and at least 1.5 GB are needed`,
        });
        assert.equal(existsSync(join(disk, "sandbox", "sandbox.json")), false);
      } finally {
        await execa("umount", [disk]);
      }
    });

    it("when its registry's port has been taken since its first start", async () => {
      const sandbox = await start();
      const [host = "", port = ""] = sandbox.registryAddress.split(":");
      for (const { pid, part } of (await sandboxStatus(directory)).processes) if (part === "registry") kill(pid);
      await until(async () => !(await sandboxStatus(directory)).processes.some(({ part }) => part === "registry"));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
      try {
        await assert.rejects(start(), {
          name: "SituationError",
          what: `The registry cannot start: another process listens on ${sandbox.registryAddress}`,
        });
      } finally {
        server.close();
        await stopSandbox(directory);
      }
    });
  });

  it("says so when apt gets no packages", async () => {
    const configuration = join(home, "apt.conf");
    await writeFile(
      configuration,
      `Dir::State::lists "${home}/lists"; Acquire::http::Proxy "http://127.0.0.1:9"; Acquire::https::Proxy "http://127.0.0.1:9";`,
    );
    process.env["APT_CONFIG"] = configuration;
    try {
      await assert.rejects(
        fillToolbox(join(home, "cache"), () => undefined),
        {
          name: "SituationError",
          what: /^apt-get does not download /,
          fix: "Check the network and apt's sources (`apt-get update`), or point DOCKER_HOST at a running engine",
        },
      );
    } finally {
      delete process.env["APT_CONFIG"];
    }
  });
});

const nothing = { processes: [], namespaces: [], links: [], mounts: [], cgroups: [], folder: false, runFolder: false };

/** Everything on this machine that bears a lab's id or lies in its folder. */
async function tracesOf(directory: string): Promise<Record<keyof typeof nothing, unknown>> {
  const { id, directory: path } = labIdentity(directory);
  const cgroups = (await readdir("/sys/fs/cgroup", { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`/sys/fs/cgroup/${name}/holdfast-${id}`, `/sys/fs/cgroup/holdfast-${id}`]);
  return {
    processes: await findOwnedProcesses(id),
    namespaces: await labNamespaces(id),
    links: (await readdir("/sys/class/net")).filter((name) => name.includes(id)),
    mounts: mountPointsBelow(await readFile("/proc/self/mountinfo", "utf8"), path),
    cgroups: cgroups.filter((cgroup) => existsSync(cgroup)),
    folder: existsSync(path),
    runFolder: existsSync(`/run/holdfast-${id}`),
  };
}

interface RedisService {
  readonly port: number;
  readonly volume?: string;
  readonly network?: string;
}

/** Runs Redis as a service with a port in host mode and waits until it runs. */
async function runRedis(sandbox: Sandbox, name: string, { port, volume, network }: RedisService): Promise<void> {
  const { docker } = findEngine({ host: sandbox.dockerHost });
  const mounts = volume === undefined ? [] : [{ Type: "volume" as const, Source: volume, Target: "/data" }];
  await docker.createService({
    Name: name,
    TaskTemplate: {
      ContainerSpec: {
        Image: sandbox.redisImage,
        Args: ["--appendonly", "yes", "--appendfsync", "always"],
        Mounts: mounts,
      },
      ...(network === undefined ? {} : { Networks: [{ Target: network }] }),
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: port, PublishMode: "host" }],
    },
  });
  await until(async () => (await containerOf(sandbox, name)) !== "");
}

/** The container of a service's running task, or an empty string. */
async function containerOf(sandbox: Sandbox, service: string): Promise<string> {
  const { docker } = findEngine({ host: sandbox.dockerHost });
  const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
  return (await docker.listContainers({ filters }))[0]?.Id ?? "";
}

async function removeService(sandbox: Sandbox, name: string): Promise<void> {
  await findEngine({ host: sandbox.dockerHost }).docker.getService(name).remove();
  await until(async () => (await containerOf(sandbox, name)) === "");
}

async function execIn(sandbox: Sandbox, container: string, command: string[]): Promise<string> {
  const { stdout } = await execa(sandbox.dockerProgram ?? "docker", ["exec", container, ...command], {
    env: { DOCKER_HOST: sandbox.dockerHost },
    reject: false,
  });
  return stdout;
}

async function withRedis<T>(sandbox: Sandbox, port: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host: sandbox.nodeAddress, port, retryStrategy: () => 100, maxRetriesPerRequest: 300 });
  redis.on("error", () => undefined); // It is tried again until the task has started.
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const setKey = (sandbox: Sandbox, port: number) => withRedis(sandbox, port, (redis) => redis.set("foo", "bar"));
const getKey = (sandbox: Sandbox, port: number) => withRedis(sandbox, port, (redis) => redis.get("foo"));

async function killEngine(directory: string): Promise<void> {
  const isEngine = ({ command }: { command: string }) => command === "dockerd";
  const engine = (await sandboxStatus(directory)).processes.find(isEngine);
  assert.ok(engine);
  kill(engine.pid);
  await until(async () => !(await sandboxStatus(directory)).processes.some(isEngine));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with another one.
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(100);
}
