import assert from "node:assert/strict";
import Docker from "dockerode";
import { Redis } from "ioredis";
import { type SharedSandbox, sandboxStartMs, sharedSandbox } from "../support/sandbox.ts";
import { changeCount, type ExampleStack, openExample } from "./example-stack.ts";

const password = "correct horse battery";
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("the examples", function () {
  this.timeout(120_000);
  let sandbox: SharedSandbox;
  let docker: Docker;
  let settings: Record<string, string>;
  const opened: ExampleStack[] = [];

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    docker = new Docker({ socketPath: sandbox.dockerHost.replace("unix://", "") });
    const firstStartUntil = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, "Z");
    settings = { image: sandbox.redisImage, password, firstStartUntil };
  });

  after(async () => {
    for (const stack of opened) await stack.remove();
  });

  async function open(name: string, more: Record<string, string>): Promise<ExampleStack> {
    const stack = await openExample(name, sandbox.dockerHost);
    opened.push(stack);
    await stack.set({ ...settings, ...more });
    return stack;
  }

  it("tutorial-redis keeps a key from up to up, plans nothing when nothing changed, and leaves its volume", async () => {
    const port = 10_017;
    const stack = await open("tutorial-redis", { node: sandbox.nodeHostname, port: String(port) });
    try {
      assert.ok((await stack.up()).succeeded);
      assert.equal(await withRedis(port, (redis) => redis.set("foo", "bar")), "OK");
      assert.equal(changeCount(await stack.up()), 0);

      await stack.set({ port: String(port + 1) });
      assert.equal(changeCount(await stack.up()), 1);
      assert.equal(await withRedis(port + 1, (redis) => redis.get("foo")), "bar");
    } finally {
      await stack.down();
    }
    await removeVolumes(["tutorial"]);
  });

  it("several-nodes creates each volume by its own engine, and runs three stores on one network", async () => {
    const node = sandbox.nodeHostname;
    const stack = await open("several-nodes", {
      managerNode: node,
      workerNode: node,
      workerEngine: sandbox.dockerHost,
    });
    try {
      assert.ok((await stack.up()).succeeded);
      const names = (await docker.listServices()).map(({ Spec }) => Spec?.Name);
      for (const name of ["orders-store", "sessions-store", "pages-cache"]) assert.ok(names.includes(name), name);
      const volumes = (await docker.listVolumes()).Volumes.map(({ Name }) => Name);
      for (const name of ["orders", "sessions"]) assert.ok(volumes.includes(name), name);
      assert.equal(changeCount(await stack.up()), 0);
    } finally {
      await stack.down();
    }
    await removeVolumes(["orders", "sessions"]);
  });

  it("nfs mounts its export on whatever node the task runs", async () => {
    const stack = await open("nfs", { nfsServer: "198.51.100.9", nfsExport: "/srv/wiki" });
    const { taskSpec } = await plannedService(stack);
    assert.deepEqual(taskSpec.placement.constraints, []);
    assert.equal(
      taskSpec.containerSpec.mounts[0]?.volumeOptions?.driverOptions.o,
      "addr=198.51.100.9,nfsvers=4.2,hard",
    );
  });

  it("postgresql is pinned by a label, below whose volume it keeps its data", async () => {
    const stack = await open("postgresql", { image: `postgres:17@${digest}` });
    const { taskSpec } = await plannedService(stack);
    assert.deepEqual(taskSpec.placement.constraints, ["node.labels.orders==yes"]);
    assert.equal(taskSpec.containerSpec.mounts[0]?.target, "/var/lib/postgresql/data");
  });

  async function withRedis<T>(port: number, use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({ host: sandbox.nodeAddress, port, username: "application", password });
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Containers of the task history hold a volume for a moment. */
  async function removeVolumes(names: string[]): Promise<void> {
    for (const name of names) {
      for (let attempt = 0; ; attempt++) {
        try {
          await docker.getVolume(name).remove();
          break;
        } catch (error) {
          if (attempt === 20) throw error;
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      }
    }
  }
});

/** What of a service's inputs is known in a preview. */
interface PlannedService {
  taskSpec: {
    placement: { constraints: string[] };
    containerSpec: { mounts: { target: string; volumeOptions?: { driverOptions: { o: string } } }[] };
  };
}

async function plannedService(stack: ExampleStack): Promise<PlannedService> {
  const { succeeded, snapshot } = await stack.preview();
  assert.ok(succeeded);
  const service = snapshot.resources.find(({ type }) => type === "docker:index/service:Service");
  // Property values are open; these are what serviceSpec made.
  return service?.inputs as unknown as PlannedService;
}
