import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret, type PropertyMap } from "../../../engine/model/property-value.ts";
import { inspectService, listServices, listTasks } from "../../../swarm/api/reads.ts";
import { InputError } from "../../../text/input-error.ts";
import { cuttingProxy, type CuttingProxy } from "../../support/cutting-proxy.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../../support/sandbox.ts";
import {
  identity,
  networkType,
  secretType,
  serviceConfigType,
  serviceType,
  SwarmResources,
  volumeType,
} from "../../support/swarm-resources.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("what does not come into effect", function () {
  this.timeout(60_000);
  let sandbox: SharedSandbox;
  let swarm: SwarmResources;

  const declared = (container: PropertyMap = {}, task: PropertyMap = {}, top: PropertyMap = {}): PropertyMap => ({
    name: "failing",
    taskSpec: {
      containerSpec: { image: sandbox.redisImage, stopGracePeriod: "5s", ...container },
      restartPolicy: { condition: "any", delay: "500ms" },
      ...task,
    },
    ...top,
  });

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    swarm = new SwarmResources(sandbox);
  });

  afterEach(async () => {
    await swarm.removeAll();
  });

  it("names the image and the registry that does not have it; the service stays and is put right by the next update", async () => {
    const image = `${sandbox.registryAddress}/nothing:1`;
    const failure = await swarm.failure(swarm.create(serviceType, declared({ image })));
    assert.match(
      failure.message,
      /taskSpec\.containerSpec\.image: expected an image that its registry \S+ has, got "\S+\/nothing:1": No such image: .* manifest unknown/,
    );
    assert.equal(failure.outputs["name"], "failing");
    const inputs = swarm.check(serviceType, declared({ image }));
    const old = { type: serviceType, id: failure.id, inputs, outputs: failure.outputs };
    const repaired = await swarm.update(old, declared());
    const tasks = await listTasks(swarm.connection.docker, repaired.id);
    assert.ok(tasks.some((task) => task.Status.State === "running"));
  });

  it("says within seconds which nodes there are when none satisfies the constraints", async () => {
    const placement = { constraints: ["node.hostname==elsewhere"] };
    const began = performance.now();
    const { message } = await swarm.failure(swarm.create(serviceType, declared({}, { placement })));
    assert.ok(performance.now() - began < 10_000);
    assert.match(
      message,
      /got \["node\.hostname==elsewhere"\]: no suitable node \(scheduling constraints not satisfied on 1 node\)/,
    );
    assert.ok(message.includes(`The nodes: ${sandbox.nodeHostname} (`));
  });

  it("shows the last log lines of a task that keeps crashing, with secrets masked", async () => {
    await swarm.create(secretType, { name: "failing-secret", data: base64("bogus-directive s3cret-word\n") });
    await swarm.create(serviceConfigType, { name: "failing-config", data: new Secret(base64("c0nfig-word")) });
    const args = ["redis-server", "--bogus-directive", "s3cret-word", "c0nfig-word", "--other", "from-the-environment"];
    const container = { args, env: { PASSWORD: "from-the-environment" } };
    const { message } = await swarm.failure(swarm.create(serviceType, declared(container)));
    assert.match(
      message,
      /expected a task that keeps running, got failing\.1, which failed 2 times: task: non-zero exit \(1\)/,
    );
    assert.match(message, /FATAL CONFIG FILE ERROR[\s\S]*\[secret\]/);
    assert.doesNotMatch(message, /s3cret-word|c0nfig-word|from-the-environment/);
  });

  it("tells what the health check printed", async () => {
    const healthcheck = {
      tests: ["CMD", "redis-cli", "-p", "1", "ping"],
      interval: "500ms",
      timeout: "1s",
      retries: 2,
    };
    const { message } = await swarm.failure(swarm.create(serviceType, declared({ healthcheck })));
    assert.match(
      message,
      /healthcheck: expected a health check that succeeds within its retries, got failures, the last one with: .*Connection refused/,
    );
  });

  it("names the service that holds a host port, and where it is an update that asks for it, leaves the old task alone", async () => {
    const endpointSpec = { ports: [{ targetPort: 6379, publishedPort: 21010, publishMode: "host" }] };
    await swarm.create(serviceType, { ...declared(), name: "port-holder", endpointSpec });
    const service = await swarm.create(serviceType, declared());
    const container = await swarm.containerOf(service);
    await assert.rejects(swarm.update(service, { ...declared(), endpointSpec }), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /no suitable node \(host-mode port already in use on 1 node\)/);
      return true;
    });
    assert.equal(await swarm.containerOf(service), container);
    await swarm.remove(service);
    const failure = await swarm.failure(swarm.create(serviceType, { ...declared(), endpointSpec }));
    assert.match(
      failure.message,
      /got 21010: no suitable node \(host-mode port already in use on 1 node\), by the service "port-holder"/,
    );
  });

  it("gives way to the former version where the service says so, and says why and what runs; the state says what is there", async function () {
    // Swarm itself would wait a minute for a task that never had a node.
    this.timeout(50_000);
    const updateConfig = { failureAction: "rollback", monitor: "2s", order: "stop-first" };
    const healthcheck = { tests: ["CMD", "redis-cli", "ping"], interval: "1s", timeout: "1s", retries: 3 };
    const good = { args: ["redis-server", "--save", ""], healthcheck };
    const service = await swarm.create(serviceType, declared(good, {}, { updateConfig }));
    const { docker } = swarm.connection;
    const cases: [change: string, container: PropertyMap, task: PropertyMap, words: RegExp][] = [
      [
        "a server that refuses to start",
        { args: ["redis-server", "--bogus-directive", "x"] },
        {},
        /non-zero exit \(1\).*wrong number of arguments/s,
      ],
      [
        "a health check that fails",
        { healthcheck: { ...healthcheck, tests: ["CMD", "false"] } },
        {},
        /containerSpec\.healthcheck: /,
      ],
      [
        "more memory than there is",
        {},
        { resources: { reservation: { memoryBytes: 900 * 2 ** 30 } } },
        /got 900 GiB of memory: no suitable node/,
      ],
    ];
    for (const [change, container, task, words] of cases) {
      const failure = await swarm.failure(
        swarm.update(service, declared({ ...good, ...container }, task, { updateConfig })),
      );
      assert.match(failure.message, words);
      assert.match(failure.message, /The former version runs again\./);
      const running = (await listTasks(docker, service.id)).filter(({ Status }) => Status.State === "running");
      assert.deepEqual(
        running.map(({ Spec }) => [Spec.ContainerSpec?.Args, Spec.ContainerSpec?.Image]),
        [[good.args, sandbox.redisImage]],
        `${change}: ${failure.message}`,
      );
      const { containerSpec, resources } = failure.outputs["taskSpec"] as {
        containerSpec: PropertyMap;
        resources: unknown;
      };
      assert.deepEqual([containerSpec["args"], containerSpec["image"]], [good.args, sandbox.redisImage], change);
      assert.ok(!JSON.stringify(resources).includes("966367641600"), change);
      // What the real provider goes by.
      const { State } = (await inspectService(docker, service.id))?.UpdateStatus ?? {};
      assert.match(State ?? "", /^rollback_(started|completed)$/, change);
    }
    // Sent once more it would take the place of the version before, to which Swarm could then not go back.
    const slow = declared({ ...good, healthcheck: { ...healthcheck, interval: "3s" } }, {}, { updateConfig });
    const cut = await swarm.failure(swarm.update(service, slow, { signal: AbortSignal.timeout(1500) }));
    assert.match(cut.message, /stopped while waiting/);
    await swarm.update(service, slow);
    const before = (await inspectService(docker, service.id))?.PreviousSpec?.TaskTemplate.ContainerSpec?.Healthcheck;
    assert.equal(before?.Interval, 1e9);
  });

  it("says what the former version says when that does not run either", async () => {
    const updateConfig = { failureAction: "rollback", monitor: "2s", order: "stop-first" };
    const args = [
      "sh",
      "-c",
      "[ ! -e /data/changed ] || { echo refused: changed by a newer one; exit 78; }; exec redis-server",
    ];
    const mounts = [{ target: "/data", type: "volume", source: "failing-data" }];
    const service = await swarm.create(serviceType, declared({ args, mounts }, {}, { updateConfig }));
    const newer = ["sh", "-c", "touch /data/changed; echo newer: no such setting; exit 1"];
    const { message } = await swarm.failure(
      swarm.update(service, declared({ args: newer, mounts }, {}, { updateConfig })),
    );
    assert.match(
      message,
      /The former version does not run: .*non-zero exit \(78\).*\n {4}refused: changed by a newer one/s,
    );
    assert.match(message, /failed task's last log lines:\n {4}newer: no such setting/);
  });

  it("is given up at the end of convergeConfig.timeout, and at once when the person says stop", async () => {
    const healthcheck = { tests: ["CMD", "redis-cli", "-p", "1", "ping"], interval: "20s", timeout: "1s", retries: 9 };
    const slow = declared({ healthcheck }, {}, { convergeConfig: { timeout: "2s" } });
    const { message } = await swarm.failure(swarm.create(serviceType, slow));
    assert.match(
      message,
      /convergeConfig\.timeout: expected enough time for the service to come into effect, got a timeout during: task starting/,
    );
    await swarm.removeAll();
    const stop = AbortSignal.timeout(1500);
    const stopped = await swarm.failure(swarm.create(serviceType, declared({ healthcheck }), { signal: stop }));
    assert.match(stopped.message, /stopped while waiting for its tasks/);
  });

  it("is refused by Swarm before anything is made", async () => {
    const placement = { constraints: ["node.hostname=elsewhere"] };
    await assert.rejects(swarm.create(serviceType, declared({}, { placement })), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.got, /constraint expected one operator from ==, !=/);
      return true;
    });
    assert.equal(await inspectService(swarm.connection.docker, "failing"), undefined);
  });

  describe("an interrupted creation", () => {
    it("is found again by its name and content, and something else of that name is not taken", async () => {
      const made = await swarm.create(serviceType, declared());
      assert.equal(await swarm.provider.findCreated(identity(serviceType), made.inputs), made.id);
      const other = swarm.check(serviceType, declared({ args: ["redis-server", "--save", ""] }));
      assert.equal(await swarm.provider.findCreated(identity(serviceType), other), undefined);
      await assert.rejects(swarm.create(serviceType, declared()), InputError);
      const none = swarm.check(serviceType, { ...declared(), name: "nowhere" });
      assert.equal(await swarm.provider.findCreated(identity(serviceType), none), undefined);
    });

    it("is found again for volumes, networks, secrets and configs", async () => {
      const everyKind: [type: string, news: PropertyMap][] = [
        [volumeType, { name: "found-volume", labels: [{ label: "a", value: "b" }] }],
        [networkType, { name: "found-network", driver: "overlay" }],
        [secretType, { name: "found-secret", data: base64("s") }],
        [serviceConfigType, { name: "found-config", data: base64("c") }],
      ];
      for (const [type, news] of everyKind) {
        const made = await swarm.create(type, news);
        assert.equal(await swarm.provider.findCreated(identity(type), made.inputs), made.id, type);
        const adopted = await swarm.provider.read(identity(type), { id: made.id, inputs: made.inputs, outputs: {} });
        assert.deepEqual(adopted?.outputs, made.outputs);
        assert.deepEqual((await swarm.read(made))?.id, made.id);
      }
      const config = swarm.check(serviceConfigType, { name: "found-config", data: base64("other") });
      assert.equal(await swarm.provider.findCreated(identity(serviceConfigType), config), undefined);
    });
  });

  describe("a connection that breaks before the answer", () => {
    let directory: string;
    let proxy: CuttingProxy;
    let behindProxy: SwarmResources;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), "holdfast-proxy-"));
      proxy = await cuttingProxy(sandbox.dockerHost.replace("unix://", ""), join(directory, "docker.sock"));
      behindProxy = new SwarmResources(sandbox, proxy.host);
    });

    afterEach(async () => {
      await behindProxy.removeAll();
      proxy.close();
      rmSync(directory, { recursive: true });
    });

    it("does not make a service twice, nor update it twice", async () => {
      proxy.cut("answer", /^POST .*\/services\/create/);
      const made = await behindProxy.create(serviceType, declared());
      const services = await listServices(swarm.connection.docker);
      assert.equal(services.filter(({ Spec }) => Spec.Name === "failing").length, 1);
      proxy.cut("answer", /^POST .*\/services\/\w+\/update/);
      await behindProxy.update(made, declared({ args: ["redis-server", "--save", ""] }));
      const tasks = await listTasks(swarm.connection.docker, made.id);
      assert.equal(tasks.length, 2, "one task of each specification");
      proxy.cut("answer", /^GET .*\/services\//);
      assert.equal((await behindProxy.read(made))?.id, made.id);
    });

    it("does not make networks, secrets and configs twice", async () => {
      for (const [type, news, path] of [
        [networkType, { name: "cut-network", driver: "overlay" }, "networks"],
        [secretType, { name: "cut-secret", data: base64("s") }, "secrets"],
        [serviceConfigType, { name: "cut-config", data: base64("c") }, "configs"],
        [volumeType, { name: "cut-volume" }, "volumes"],
      ] as const) {
        proxy.cut("answer", new RegExp(`^POST .*/${path}/create`));
        const made = await behindProxy.create(type, news);
        assert.equal((await swarm.read(made))?.id, made.id);
      }
    });
  });

  describe("something in use", () => {
    it("is not removed: a volume names the container and the service, the others the services", async () => {
      const volume = await swarm.create(volumeType, { name: "used-volume" });
      const network = await swarm.create(networkType, { name: "used-network", driver: "overlay" });
      const secret = await swarm.create(secretType, { name: "used-secret", data: base64("s") });
      const config = await swarm.create(serviceConfigType, { name: "used-config", data: base64("c") });
      const container = {
        mounts: [{ target: "/data", type: "volume", source: "used-volume" }],
        secrets: [{ secretId: secret.id, secretName: "used-secret", fileName: "s" }],
        configs: [{ configId: config.id, configName: "used-config", fileName: "/c" }],
      };
      await swarm.create(serviceType, declared(container, { networksAdvanceds: [{ id: network.id }] }));
      await assert.rejects(
        swarm.remove(volume, 1),
        /volume "used-volume" is still in use: mounted by .*failing\.1\.\w+ \(running, of the service "failing"\)\. Its data stays/,
      );
      await assert.rejects(swarm.remove(network), /network \S+ is used by services failing; containers /);
      await assert.rejects(swarm.remove(secret), /secret \S+ is used by failing\. /);
      await assert.rejects(swarm.remove(config), /config \S+ is used by failing\. /);
    });

    it("can be removed right after its service, and twice", async () => {
      const volume = await swarm.create(volumeType, { name: "used-volume" });
      const network = await swarm.create(networkType, { name: "used-network", driver: "overlay" });
      const mounts = [{ target: "/data", type: "volume", source: "used-volume" }];
      const service = await swarm.create(
        serviceType,
        declared({ mounts }, { networksAdvanceds: [{ id: network.id }] }),
      );
      await swarm.remove(service);
      await swarm.remove(volume, 2);
      await swarm.remove(network, 2);
      for (const made of [service, volume, network]) await swarm.remove(made);
    });
  });

  it("tells when the engine is gone", async () => {
    const nowhere = new SwarmResources(sandbox, "unix:///nowhere/docker.sock");
    await assert.rejects(
      nowhere.create(volumeType, { name: "v" }),
      /host \(unix:\/\/\/nowhere\/docker\.sock\): expected a Docker engine that answers/,
    );
  });
});
