import assert from "node:assert/strict";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  LocalVolume,
  type LocalVolumeArgs,
  PostgreSQL,
  Redis,
  type DockerServiceArgs,
  type ServiceTransforms,
  StatefulService,
  type Transform,
} from "../../../components/index.ts";
import { type ServiceProperties, servicePropertiesSchema } from "../../../swarm/service/properties.ts";
import { recordProgram, type RecordedResource } from "../program.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const image = `example/store:1@${digest}`;
const pin = { hostname: "vm" };
const healthCheck = { test: ["CMD", "true"] };
const files = { configFiles: { main: { path: "/etc/store.conf", content: "a = 1" } } };

/** A program of one service on a volume that is a resource. */
function recordService(transform: unknown, more: object = {}): Promise<RecordedResource[]> {
  return recordProgram(() => {
    const volume = new LocalVolume("data", { pin, createdBy: "provider" });
    new StatefulService("store", {
      image: pulumi.output(image),
      data: [{ volume, path: "/data" }],
      memoryLimit: "100M",
      healthCheck,
      environment: { MODE: "safe" },
      secretFiles: { key: { path: "/run/secrets/key", content: "a secret" } },
      ...files,
      ...more,
      // What is no transform at all is tried, too.
      transform: transform as ServiceTransforms,
    });
  });
}

async function mistakeOf(record: () => Promise<unknown>): Promise<string> {
  let message = "nothing was refused";
  await assert.rejects(record, (error) => {
    assert.ok(pulumi.RunError.isInstance(error), `Pulumi shows the stack of ${String(error)}`);
    ({ message } = error);
    return true;
  });
  return message;
}

function serviceOf(resources: RecordedResource[]): ServiceProperties {
  return servicePropertiesSchema.parse(inputsOf(resources, "store-service"));
}

/** All of the container's properties, those too that the schema of services leaves out. */
function containerOf(resources: RecordedResource[]): Record<string, unknown> {
  const { taskSpec } = inputsOf(resources, "store-service") as { taskSpec: { containerSpec: Record<string, unknown> } };
  return taskSpec.containerSpec;
}

function inputsOf(resources: RecordedResource[], name: string): Record<string, unknown> {
  return resources.find((each) => each.name === name)?.inputs ?? {};
}

const service: Record<string, Transform<DockerServiceArgs>> = {
  "an object, merged": {
    labels: [{ label: "team", value: "shop" }],
    taskSpec: { containerSpec: { sysctl: { "net.core.somaxconn": "1024" } } },
  },
  "a function that changes what it is given": (args) => {
    args.taskSpec.containerSpec.sysctl = { "net.core.somaxconn": "1024" };
    if (Array.isArray(args.labels)) args.labels.push({ label: "team", value: "shop" });
  },
  "a function that returns others": ({ taskSpec, labels, ...args }, opts) => ({
    args: {
      ...args,
      labels: [...(labels as { label: string; value: string }[]), { label: "team", value: "shop" }],
      taskSpec: {
        ...taskSpec,
        containerSpec: { ...taskSpec.containerSpec, sysctl: { "net.core.somaxconn": "1024" } },
      },
    },
    opts: { ...opts, customTimeouts: { create: "20m" } },
  }),
};

describe("a transform of what a component makes", () => {
  for (const [form, transform] of Object.entries(service)) {
    it(`changes the service and nothing else: ${form}`, async () => {
      const [plain, changed] = [await recordService(undefined), await recordService({ service: transform })];
      const labels = [...serviceOf(plain).labels, { label: "team", value: "shop" }];
      const containerSpec = { ...containerOf(plain), sysctl: { "net.core.somaxconn": "1024" } };
      const { taskSpec, ...rest } = inputsOf(plain, "store-service") as { taskSpec: object };
      assert.deepEqual(inputsOf(changed, "store-service"), {
        ...rest,
        labels,
        taskSpec: { ...taskSpec, containerSpec },
      });
      const others = (all: RecordedResource[]) => all.filter(({ name }) => name !== "store-service");
      assert.deepEqual(others(changed), others(plain));
    });
  }

  it("is of each kind of resource; a function is told its name", async () => {
    const names: string[] = [];
    const label = { label: "team", value: "shop" };
    const resources = await recordService({
      network: { attachable: true, labels: [label] },
      secret: { labels: [label] },
      config: (_args: unknown, _opts: unknown, name: string) => {
        names.push(name);
      },
    });
    assert.deepEqual(names, ["store-main"]);
    const network = inputsOf(resources, "store-network");
    assert.deepEqual(
      [network["attachable"], network["driver"], JSON.stringify(network["labels"]).includes("holdfast.project")],
      [true, "overlay", true],
    );
    assert.match(JSON.stringify(inputsOf(resources, "store-key")["labels"]), /holdfast\.stack.*"team","value":"shop"/u);
    const made = await recordVolume({ driverOpts: { type: "ext4", device: "/dev/sdb" } });
    assert.deepEqual(inputsOf(made, "data-volume")["driverOpts"], { type: "ext4", device: "/dev/sdb" });
    assert.deepEqual(
      made.map(({ protect, retainOnDelete }) => protect && retainOnDelete),
      [false, true],
    );
  });

  it("reaches what Redis and PostgreSQL make", async () => {
    const transform: ServiceTransforms = { service: { taskSpec: { containerSpec: { hostname: "db" } } } };
    const common = { memoryLimit: "100M", password: "correct horse battery", transform };
    const hosts = (resources: RecordedResource[]) =>
      resources.flatMap(({ type, inputs }) => (type.endsWith(":Service") ? [JSON.stringify(inputs)] : []));
    const redis = await recordProgram(
      () => new Redis("store", { ...common, image: `redis:7@${digest}`, volume: new LocalVolume("data", { pin }) }),
    );
    const postgresql = await recordProgram(
      () =>
        new PostgreSQL("store", {
          ...common,
          image: `postgres:17@${digest}`,
          majorVersion: 17,
          volume: new LocalVolume("data", { pin }),
        }),
    );
    for (const resources of [redis, postgresql]) assert.match(hosts(resources).join(), /"hostname":"db"/u);
    const args = { service: { taskSpec: { containerSpec: { args: ["redis-server", "--appendonly", "no"] } } } };
    assert.equal(
      await mistakeOf(() =>
        recordProgram(
          () =>
            new Redis("store", {
              ...common,
              image: `redis:7@${digest}`,
              volume: new LocalVolume("data", { pin }),
              transform: args,
            }),
        ),
      ),
      "store.transform.service.taskSpec.containerSpec.args: expected a list of 2, got a list of 3. Leave it: what starts the server decides whether it keeps its data.",
    );
  });

  it("that publishes a port makes Swarm replace the task, and no other service may have that port", async () => {
    const endpointSpec = { ports: [{ targetPort: 1, publishedPort: 7000, publishMode: "host", protocol: "tcp" }] };
    const forceUpdate = async (transform?: ServiceTransforms) =>
      serviceOf(await recordService(transform)).taskSpec.forceUpdate;
    assert.notEqual(await forceUpdate({ service: { endpointSpec } }), await forceUpdate());
    const message = await mistakeOf(() =>
      recordProgram(() => {
        for (const name of ["one", "two"]) {
          new StatefulService(name, {
            image,
            data: [{ volume: new LocalVolume(`${name}-data`, { pin }), path: "/data" }],
            memoryLimit: "100M",
            healthCheck,
            transform: { service: { endpointSpec } },
          });
        }
      }),
    );
    assert.match(message, /^two: port 7000: expected a port that no other service/u);
  });
});

const container = (containerSpec: object) => ({ service: { taskSpec: { containerSpec } } });
const ofArgs = (change: (args: DockerServiceArgs, opts: pulumi.CustomResourceOptions) => unknown) => ({
  service: (args: DockerServiceArgs, opts: pulumi.CustomResourceOptions) => {
    change(args, opts);
  },
});
const refused: [what: string, transform: object, message: RegExp][] = [
  ["a text", { service: "x" }, /^store\.transform\.service: expected an object .*, got "x"/u],
  ["one of nothing", { services: {} }, /^store\.transform\.services: expected no such argument.*mean service\?/u],
  [
    "a function that throws",
    { service: () => assert.fail("no luck") },
    /^store\.transform\.service: expected a function that does not throw, got no luck\. /u,
  ],
  ["a promise", { service: () => Promise.resolve() }, /^store\.transform\.service: expected .* returns a promise\. /u],
  ["the arguments alone", { service: (args: object) => args }, /^store\.transform\.service: .*\{ args, opts \}, got/u],
  ["another name", { service: { name: "b" } }, /^store\.transform\.service\.name: expected "store", got "b"/u],
  ["two tasks", { service: { mode: { replicated: { replicas: 2 } } } }, /\.replicas: expected 1, got 2\. .*two tasks/u],
  ["a task on each node", { service: { mode: { global: true } } }, /\.mode\.global: expected nothing, got true/u],
  ["another order", { service: { updateConfig: { order: "start-first" } } }, /\.order: expected "stop-first"/u],
  ["an end to restarts", { service: { taskSpec: { restartPolicy: { condition: "none" } } } }, /\.condition: expected/u],
  ["another image", container({ image: "store:2" }), /\.image: expected the component's value, got another\. Use/u],
  ["another command", container({ commands: ["sh"] }), /\.commands: expected nothing, got a list of 1/u],
  ["a container that is known later", container(pulumi.output({})), /\.image: expected the component's value/u],
  ["no mounts", container({ mounts: [] }), /\.mounts: expected the component's mount at \/data, unchanged/u],
  [
    "a mount over the data",
    ofArgs((args) => (args.taskSpec.containerSpec.mounts as object[]).push({ type: "tmpfs", target: "/data/db" })),
    /\.mounts: expected a mount at a path apart from the component's own, got one at "\/data\/db"/u,
  ],
  [
    "a volume that nobody answers for",
    ofArgs((args) =>
      (args.taskSpec.containerSpec.mounts as object[]).push({ type: "volume", source: "b", target: "/b" }),
    ),
    /\.mounts: expected mounts that are read-only .* got one at "\/b" that can be written/u,
  ],
  ["another variable", container({ env: { MODE: "fast" } }), /\.env\.MODE: expected the component's value, got none/u],
  ["no secret", container({ secrets: [] }), /\.secrets: expected the component's file \/run\/secrets\/key/u],
  ["no configuration", container({ configs: [] }), /\.configs: expected the component's file \/etc\/store\.conf/u],
  [
    "another node",
    { service: { taskSpec: { placement: { constraints: ["node.hostname==b"] } } } },
    /"node\.hostname==vm"/u,
  ],
  ["no labels", ofArgs((args) => (args.labels = [])), /\.labels: expected the component's label holdfast\.\w+, unch/u],
  [
    "a second label of the stack",
    ofArgs((args) => (args.labels as object[]).push({ label: "holdfast.stack", value: "another" })),
    /\.labels: expected the component's label holdfast\.stack, unchanged, got something else\. Keep/u,
  ],
  [
    "a claim to another stack's volume",
    ofArgs((args) => (args.labels as object[]).push({ label: "holdfast.volumes", value: "shop-orders" })),
    /\.labels: expected no label holdfast\.volumes, got something else\. Keep/u,
  ],
  [
    "a label whose name is known later",
    { network: { labels: [{ label: pulumi.output("a"), value: "b" }] } },
    /^store\.transform\.network\.labels: .* got a name that is not known yet/u,
  ],
  [
    "no network",
    { service: { taskSpec: { networksAdvanceds: [] } } },
    /: expected the component's network, unchanged/u,
  ],
  [
    "a change after the check",
    ofArgs((_, opts) => (opts.transforms = [() => undefined])),
    /\.opts\.transforms: expected what the component set, got a change\. Make the change in this transform/u,
  ],
  ["another health check", container({ healthcheck: { tests: ["NONE"] } }), /\.healthcheck\.tests: expected "CMD"/u],
  [
    "a port that is known later",
    { service: { endpointSpec: { ports: [{ targetPort: 1, publishedPort: pulumi.output(2) }] } } },
    /\.endpointSpec\.ports\[0\]: expected numbers of ports/u,
  ],
  ["another parent", ofArgs((_, opts) => delete opts.parent), /\.opts\.parent: expected what the component set/u],
  [
    "less that is ignored",
    ofArgs((_, opts) => opts.ignoreChanges?.pop()),
    /\.opts\.ignoreChanges: expected what the component set/u,
  ],
  [
    "another content",
    { config: { data: "Yg==" } },
    /^store\.transform\.config\.data: expected .* got another\. Change/u,
  ],
  ["a secret's content", { secret: { data: "Yg==" } }, /^store\.transform\.secret\.data: expected .* got another\./u],
  ["a name of a secret", { secret: { name: "b" } }, /^store\.transform\.secret\.name: expected nothing, got "b"/u],
];

function recordVolume(
  volume: NonNullable<LocalVolumeArgs["transform"]>["volume"],
  createdBy: LocalVolumeArgs["createdBy"] = "provider",
): Promise<RecordedResource[]> {
  return recordProgram(() => new LocalVolume("data", { pin, createdBy, transform: volume ? { volume } : {} }));
}

describe("a transform is refused", () => {
  for (const [what, transform, message] of refused) {
    it(what, async () => {
      assert.match(await mistakeOf(() => recordService(transform)), message);
    });
  }

  it("of a volume that loses its protection, its name or its driver, or that a task creates", async () => {
    const unprotected: Parameters<typeof recordVolume>[0] = (_, opts) => {
      opts.protect = false;
    };
    assert.match(await mistakeOf(() => recordVolume(unprotected)), /^data\.transform\.volume\.opts\.protect: /u);
    assert.match(await mistakeOf(() => recordVolume({ name: "b" })), /^data\.transform\.volume\.name: /u);
    assert.match(await mistakeOf(() => recordVolume({ driver: "b" })), /^data\.transform\.volume\.driver: /u);
    assert.match(await mistakeOf(() => recordVolume({}, "task")), /^data\.transform\.volume: .* a task creates/u);
  });

  it("of a network where the service joins those of others", async () => {
    assert.match(
      await mistakeOf(() => recordService({ network: { attachable: true } }, { networkIds: ["n"] })),
      /^store\.transform\.network: expected a transform of a resource that the component makes/u,
    );
  });

  it("of hooks that are not all there any more", async () => {
    // Under mocks there are none, so they are tried where they are compared.
    const { transformed } = await import("../../../components/arguments/transform.ts");
    const hook = (name: string) => ({ name }) as unknown as pulumi.ResourceHook;
    const own = { name: "store-service", args: { labels: [] }, opts: { hooks: { beforeUpdate: [hook("one")] } } };
    const change = (opts: pulumi.CustomResourceOptions) =>
      transformed<docker.NetworkArgs>(() => ({ opts }), own, {}, "store.transform.service").opts.hooks?.beforeUpdate
        ?.length;
    assert.throws(() => change({ hooks: { beforeUpdate: [hook("one")] } }), /\.opts\.hooks: .* would lose data\.$/u);
    assert.equal(change({ hooks: { beforeUpdate: [...own.opts.hooks.beforeUpdate, hook("two")] } }), 2);
  });
});
