import assert from "node:assert/strict";
import { join } from "node:path";
import Docker from "dockerode";
import { Redis } from "ioredis";
import { z } from "zod";
import { runInContainer } from "../../live/container-command.ts";
import { makeAuthorities } from "../components/changes/certificates.ts";
import { pushPostgresqlImage } from "../support/postgresql-image.ts";
import { changeCount, openProgram, type ProgramStack } from "../support/program-stack.ts";
import { type SharedSandbox, sandboxStartMs, sharedSandbox } from "../support/sandbox.ts";

const password = "correct horse battery";
const examples = join(import.meta.dirname, "../../examples");

describe("the examples", function () {
  this.timeout(120_000);
  let sandbox: SharedSandbox;
  let docker: Docker;
  let settings: Record<string, string>;
  const opened: ProgramStack[] = [];

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

  async function open(name: string, more: Record<string, string>): Promise<ProgramStack> {
    const stack = await openProgram(join(examples, name), sandbox.dockerHost);
    opened.push(stack);
    await stack.set({ ...settings, ...more });
    return stack;
  }

  it("tutorial-redis keeps a key from up to up, plans nothing when nothing changed, and leaves its volume", async () => {
    const port = 10_017;
    const stack = await open("tutorial-redis", { node: sandbox.nodeHostname, port: String(port) });
    try {
      await stack.up();
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
      await stack.up();
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
    assert.deepEqual(taskSpec.placement.constraints, ["node.platform.os==linux"]);
    assert.equal(
      taskSpec.containerSpec.mounts[0]?.volumeOptions?.driverOptions.o,
      "addr=198.51.100.9,nfsvers=4.2,hard",
    );
  });

  it("postgresql keeps a row through a changed memory limit and a changed password", async function () {
    this.timeout(sandboxStartMs);
    await labelNode(docker, "orders", "yes");
    const image = await pushPostgresqlImage(sandbox);
    const stack = await open("postgresql", { image, majorVersion: majorVersionOf(image), port: "15432" });
    try {
      await stack.up();
      await sql("CREATE TABLE orders (id int); INSERT INTO orders VALUES (42)");

      const changed = "another horse battery";
      await stack.set({ memoryLimit: "400M", password: changed });
      assert.equal(changeCount(await stack.up()), 2); // The service is updated, the secret replaced.
      assert.equal(await sql("SELECT id FROM orders", changed), "42");
      assert.equal(await sql("SHOW shared_buffers", changed), "100MB");
      assert.match(await sql("SELECT 1"), /password authentication failed/u);
      assert.equal(changeCount(await stack.up()), 0);
    } finally {
      await stack.down();
    }
    await removeVolumes(["orders"]);
  });

  it("leave every component alone in each of its ways where nothing has changed", async function () {
    this.timeout(sandboxStartMs);
    await labelNode(docker, "orders", "yes");
    const image = await pushPostgresqlImage(sandbox);
    const [authority] = await makeAuthorities(sandbox.nodeAddress);
    const [server] = authority?.issued ?? [];
    const stack = await open("../test/examples/presets-program", {
      node: sandbox.nodeHostname,
      postgresqlImage: image,
      majorVersion: majorVersionOf(image),
      tls: JSON.stringify({ ...server, authority: authority?.certificate }),
    });
    try {
      await stack.up();
      assert.equal(changeCount(await stack.preview()), 0);
    } finally {
      await stack.down();
    }
    await removeVolumes(["durable", "balanced", "snapshot", "own", "rows"]);
  });

  /** Runs statements over the network, where PostgreSQL asks for the password. */
  async function sql(statements: string, as = password): Promise<string> {
    const filters = JSON.stringify({ label: ["com.docker.swarm.service.name=orders"], health: ["healthy"] });
    const [container] = await docker.listContainers({ filters });
    assert.ok(container);
    const command = `psql --host "$(hostname -i)" --username postgres --no-align --tuples-only --command "${statements}" orders 2>&1`;
    const { output } = await runInContainer(docker, container.Id, ["sh", "-c", command], {
      environment: { PGPASSWORD: as },
    });
    return output;
  }

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

const nodeSchema = z.looseObject({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z.looseObject({ Labels: z.record(z.string(), z.string()).default({}) }),
});

function majorVersionOf(image: string): string {
  return /:(?<major>\d+)\./u.exec(image)?.groups?.["major"] ?? "";
}

/** As `docker node update --label-add` on the swarm's one node. */
async function labelNode(docker: Docker, name: string, value: string): Promise<void> {
  const [node] = nodeSchema.array().parse(await docker.listNodes());
  assert.ok(node);
  const labels = { ...node.Spec.Labels, [name]: value };
  await docker.getNode(node.ID).update({ ...node.Spec, Labels: labels, version: node.Version.Index });
}

/** What of a service's inputs is known in a preview. */
interface PlannedService {
  taskSpec: {
    placement: { constraints: string[] };
    containerSpec: { mounts: { target: string; volumeOptions?: { driverOptions: { o: string } } }[] };
  };
}

async function plannedService(stack: ProgramStack): Promise<PlannedService> {
  const { snapshot } = await stack.preview();
  const service = snapshot.resources.find(({ type }) => type === "docker:index/service:Service");
  // Property values are open; these are what serviceSpec made.
  return service?.inputs as unknown as PlannedService;
}
