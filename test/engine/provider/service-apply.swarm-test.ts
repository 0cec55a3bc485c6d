import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { isPropertyMap, type PropertyMap } from "../../../engine/model/property-value.ts";
import type { Service } from "../../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../../swarm/api/reads.ts";
import { pullLabel } from "../../../swarm/service/one-off-task.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../../support/sandbox.ts";
import {
  networkType,
  serviceConfigType,
  serviceType,
  SwarmResources,
  volumeType,
  type Made,
} from "../../support/swarm-resources.ts";

const MiB = 1024 * 1024;

describe("a service of the embedded provider", function () {
  this.timeout(60_000);
  let sandbox: SharedSandbox;
  let swarm: SwarmResources;
  let service: Made;

  const declared = (
    change: {
      memoryBytes?: number;
      port?: number;
      constraints?: string[];
      label?: string;
      replicas?: number;
    } = {},
  ): PropertyMap => ({
    name: "applied",
    labels: [{ label: "team", value: change.label ?? "a" }],
    taskSpec: {
      containerSpec: {
        image: sandbox.redisImage,
        args: ["redis-server", "--protected-mode", "no", "--appendonly", "yes"],
        stopGracePeriod: "10s",
        mounts: [{ target: "/data", type: "volume", source: "applied-data" }],
        healthcheck: { tests: ["CMD", "redis-cli", "ping"], interval: "1s", timeout: "1s", retries: 5 },
      },
      placement: { constraints: change.constraints ?? [`node.hostname==${sandbox.nodeHostname}`] },
      resources: { limits: { memoryBytes: change.memoryBytes ?? 100 * MiB } },
      restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
    },
    mode: { replicated: { replicas: change.replicas ?? 1 } },
    endpointSpec: {
      mode: "vip",
      ports: [{ targetPort: 6379, publishedPort: change.port ?? 21000, publishMode: "host", protocol: "tcp" }],
    },
  });

  async function inspected(): Promise<Service> {
    const found = await inspectService(swarm.connection.docker, service.id);
    assert.ok(found);
    return found;
  }

  async function runningTasks() {
    const tasks = await listTasks(swarm.connection.docker, service.id);
    return tasks.filter((task) => task.Status.State === "running").map(({ ID }) => ID);
  }

  async function runningTask() {
    const running = await runningTasks();
    assert.equal(running.length, 1, "one task runs, and no old one beside it");
    return running[0];
  }

  async function redis<T>(port: number, use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis({ host: sandbox.nodeAddress, port, lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => undefined); // `connect` tells the test.
    try {
      await client.connect();
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  const diff = (old: Made, news: PropertyMap) =>
    swarm.provider.diff(
      { urn: "", type: serviceType, name: "it" },
      {
        ...old,
        oldInputs: old.inputs,
        oldOutputs: old.outputs,
        news: swarm.check(serviceType, news, old.inputs),
        ignoreChanges: [],
      },
    );

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    swarm = new SwarmResources(sandbox);
    await swarm.create(volumeType, { name: "applied-data" });
    service = await swarm.create(serviceType, declared());
  });

  after(async () => {
    await swarm.removeAll();
  });

  it("answers as soon as its creation is done", async () => {
    assert.equal(await redis(21000, (client) => client.ping()), "PONG");
    assert.ok(swarm.progress.includes("task starting"), "progress is told in Swarm's words");
  });

  it("is unchanged to a program that has not changed", () => {
    assert.equal(diff(service, declared()).changes, false);
  });

  it("keeps its data over a new memory limit, which is in effect when the update is done", async () => {
    await redis(21000, (client) => client.set("foo", "bar"));
    const before = await runningTask();
    service = await swarm.update(service, declared({ memoryBytes: 200 * MiB }));
    assert.notEqual(await runningTask(), before);
    assert.equal(await redis(21000, (client) => client.get("foo")), "bar");
    const { Spec } = await inspected();
    assert.equal(Spec.TaskTemplate.Resources?.Limits?.MemoryBytes, 200 * MiB);
    assert.deepEqual(service.outputs["taskSpec"], (await readBack())["taskSpec"]);
  });

  async function readBack(): Promise<PropertyMap> {
    const read = await swarm.read(service);
    assert.ok(read);
    return read.outputs;
  }

  it("listens on a changed port when the update is done, whatever Swarm keeps, and nothing else is left changed", async () => {
    service = await swarm.update(service, declared({ memoryBytes: 200 * MiB, port: 21001 }));
    assert.equal(await redis(21001, (client) => client.get("foo")), "bar");
    await assert.rejects(redis(21000, (client) => client.ping()));
    assert.equal((await inspected()).Spec.TaskTemplate.ForceUpdate, 0);
  });

  it("keeps its task when nothing but its placement changes and its node still fits, also after somebody had it replaced", async () => {
    const { Spec, Version } = await inspected();
    const forced = { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: 1 } };
    const former = await runningTask();
    await swarm.connection.docker.getService(service.id).update({ _query: { version: Version.Index }, _body: forced });
    while ((await runningTasks()).every((id) => id === former)) await sleep(200);
    assert.deepEqual((await readBack())["taskSpec"], service.outputs["taskSpec"], "the count is no drift");
    const before = await runningTask();
    const constraints = [`node.hostname==${sandbox.nodeHostname}`, "node.role==manager"];
    service = await swarm.update(service, declared({ memoryBytes: 200 * MiB, port: 21001, constraints }));
    assert.equal(await runningTask(), before);
  });

  it("listens on a port that is changed together with the placement", async () => {
    const constraints = [`node.hostname==${sandbox.nodeHostname}`];
    service = await swarm.update(service, declared({ memoryBytes: 200 * MiB, port: 21002, constraints }));
    assert.equal(await redis(21002, (client) => client.get("foo")), "bar");
    assert.deepEqual((await inspected()).Spec.TaskTemplate.Placement?.Constraints, constraints);
  });

  it("gets a port into effect that somebody else's update has left without effect", async () => {
    const { Spec, Version } = await inspected();
    const [port] = Spec.EndpointSpec?.Ports ?? [];
    const others = {
      ...Spec,
      TaskTemplate: { ...Spec.TaskTemplate, Placement: { Constraints: ["node.role==manager"] } },
      EndpointSpec: { ...Spec.EndpointSpec, Ports: [{ ...port, PublishedPort: 21003 }] },
    };
    await swarm.connection.docker.getService(service.id).update({ _query: { version: Version.Index }, _body: others });
    await assert.rejects(
      redis(21003, (client) => client.ping()),
      "Swarm says 21003 and the task listens on 21002",
    );
    const change = { memoryBytes: 200 * MiB, port: 21003, label: "b", constraints: ["node.role==manager"] };
    service = await swarm.update(service, declared(change));
    assert.equal(await redis(21003, (client) => client.get("foo")), "bar");
  });

  it("shows what was changed by hand", async () => {
    const { Spec, Version } = await inspected();
    const Resources = { Limits: { MemoryBytes: 300 * MiB } };
    const body = { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Resources } };
    await swarm.connection.docker.getService(service.id).update({ _query: { version: Version.Index }, _body: body });
    const read = await swarm.read(service);
    assert.ok(read && isPropertyMap(read.inputs["taskSpec"]));
    assert.deepEqual(read.inputs["taskSpec"]["resources"], { limits: { memoryBytes: 300 * MiB } });
    const drifted = diff({ ...service, ...read }, declared({ memoryBytes: 200 * MiB, port: 21003, label: "b" }));
    assert.equal(drifted.detailedDiff["taskSpec.resources.limits.memoryBytes"], "update");
  });

  it("is scaled to none and gone from the state when somebody removes it", async () => {
    service = await swarm.update(service, declared({ port: 21003, replicas: 0 }));
    const tasks = await listTasks(swarm.connection.docker, service.id);
    assert.ok(tasks.every((task) => task.Status.State !== "running"));
    await swarm.connection.docker.getService(service.id).remove();
    assert.equal(await swarm.read(service), undefined);
    // Another stack has made one of the same name since: that is no reading of this one, and stays.
    const another = await swarm.connection.docker.createService({
      Name: "applied",
      Labels: { "holdfast.project": "other", "holdfast.stack": "prod" },
      TaskTemplate: { ContainerSpec: { Image: sandbox.redisImage } },
      Mode: { Replicated: { Replicas: 0 } },
    });
    try {
      assert.equal(await swarm.read(service), undefined);
      // What a state knows by its id may have been taken over too.
      const labels = [
        { label: "holdfast.project", value: "test" },
        { label: "holdfast.stack", value: "test" },
      ];
      await swarm.remove({ ...service, id: another.id, inputs: { ...service.inputs, labels }, outputs: { labels } });
      assert.ok(await inspectService(swarm.connection.docker, "applied"));
    } finally {
      await swarm.connection.docker.getService("applied").remove();
    }
    await swarm.remove(service);
  });

  it("runs on every node in global mode, on a network of its own", async () => {
    const network = await swarm.create(networkType, { name: "applied-net", driver: "overlay" });
    const { mode, endpointSpec, ...rest } = declared();
    assert.ok(mode && endpointSpec && isPropertyMap(rest["taskSpec"] ?? null));
    const taskSpec = { ...(rest["taskSpec"] as PropertyMap), networksAdvanceds: [{ id: network.id }] };
    const global = await swarm.create(serviceType, {
      ...rest,
      name: "applied-global",
      taskSpec,
      mode: { global: true },
    });
    const [task] = await listTasks(swarm.connection.docker, global.id);
    assert.equal(task?.Status.State, "running");
    await swarm.remove(global);
    await swarm.remove(network);
  });

  it("is not in the way of its configuration's removal where a killed run has left it, and is where nobody has", async () => {
    const { docker } = swarm.connection;
    const config = await swarm.create(serviceConfigType, { name: "applied-config", data: "eA==" });
    const using = (Name: string, Labels: Record<string, string>) =>
      docker.createService({
        Name,
        Labels,
        TaskTemplate: {
          ContainerSpec: {
            Image: sandbox.redisImage,
            Configs: [
              {
                ConfigID: config.id,
                ConfigName: "applied-config",
                File: { Name: "/x", UID: "0", GID: "0", Mode: 0o444 },
              },
            ],
          },
        },
        Mode: { Replicated: { Replicas: 0 } },
      });
    const left = await using("applied-left", { [pullLabel]: "never-made" });
    const other = await using("applied-other", {});
    await assert.rejects(swarm.remove(config), /config \S+ is used by applied-other/);
    assert.equal(await inspectService(docker, left.id), undefined);
    await docker.getService(other.id).remove();
    await using("applied-left", { [pullLabel]: "never-made" });
    await swarm.remove(config);
    assert.equal(await inspectService(docker, "applied-left"), undefined);
  });
});
