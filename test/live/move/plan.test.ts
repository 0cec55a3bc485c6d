import assert from "node:assert/strict";
import { readMovable, chooseTarget, chooseTargetVolume, servicesOn } from "../../../live/move/plan.ts";
import type { SwarmRecord } from "../../../live/read-swarm.ts";
import { startScript, startScriptPath } from "../../../model/service/start-guard.ts";
import { serviceSchema, taskSchema, type Service } from "../../../swarm/api/objects.ts";

const guard = startScript({ identity: "shop/test/redis", dataPaths: ["/data"] });
const data = { Type: "volume", Source: "shop-data", Target: "/data" };

function serviceOf(changes: {
  name?: string;
  mounts?: readonly object[];
  replicas?: number;
  constraints?: readonly string[];
  configs?: readonly object[];
  labels?: Record<string, string>;
  order?: string;
  updateState?: string;
  mode?: object;
}): Service {
  const { name = "shop", mounts = [data], replicas = 1, constraints = ["node.hostname==one"], labels = {} } = changes;
  return serviceSchema.parse({
    ...{ ID: name, Version: { Index: 1 } },
    Spec: {
      ...{ Name: name, Labels: labels, Mode: changes.mode ?? { Replicated: { Replicas: replicas } } },
      UpdateConfig: { Order: changes.order ?? "stop-first" },
      TaskTemplate: {
        ContainerSpec: {
          ...{ Image: "redis:8", Mounts: mounts },
          Configs: changes.configs ?? [{ ConfigID: "c", File: { Name: startScriptPath, Mode: 292 } }],
        },
        Placement: { Constraints: constraints },
      },
    },
    ...(changes.updateState && { UpdateStatus: { State: changes.updateState } }),
  });
}

const node = (hostname: string, state = "ready", availability = "active") => ({
  ...{ id: `id-${hostname}`, hostname, state, availability, labels: {}, role: "worker" },
});

function swarmOf(services: readonly Service[], script = guard): SwarmRecord {
  const nodes = [node("one"), node("two"), node("three"), node("gone", "down"), node("paused", "ready", "pause")];
  return {
    // What the model reads of a node besides is of no matter here.
    nodes: nodes as unknown as SwarmRecord["nodes"],
    services,
    tasks: ["one", "two", "two"].map((name, number) =>
      taskSchema.parse({
        ...{ ID: `t${number}`, CreatedAt: "", ServiceID: number === 0 ? "shop" : "other", NodeID: `id-${name}` },
        ...{ Spec: {}, DesiredState: "running", Status: { State: "running" } },
      }),
    ),
    raw: {
      nodes: [],
      configs: [{ ID: "c", Spec: { Name: "start", Data: Buffer.from(script).toString("base64") } }],
    },
  };
}

const movable = (service: Service, others: readonly Service[] = [], script?: string) =>
  readMovable(swarmOf([service, ...others], script), "shop", undefined);

describe("what can be moved", () => {
  it("is the one volume of a guarded service, on its node", () => {
    const { store, volume, node: at } = movable(serviceOf({}));
    assert.deepEqual([store, volume, at.hostname], ["shop/test/redis", "shop-data", "one"]);
  });

  const network = { ...data, VolumeOptions: { DriverConfig: { Name: "local", Options: { type: "nfs" } } } };
  const refused: readonly (readonly [what: string, changes: Parameters<typeof serviceOf>[0], words: RegExp])[] = [
    ["a global service", { mode: { Global: {} } }, /runs on every node/u],
    ["several replicas", { replicas: 2 }, /2 replicas/u],
    ["a stopped service", { replicas: 0 }, /scaled to 0/u],
    ["the order start-first", { order: "start-first" }, /before the old one has ended/u],
    ["an update that is under way", { updateState: "updating" }, /under way/u],
    ["a rollback that is under way", { updateState: "rollback_started" }, /under way/u],
    ["no volume", { mounts: [] }, /has no data/u],
    ["a network volume", { mounts: [network] }, /on a network, so there is nothing to copy/u],
    ["a folder of the host", { mounts: [{ ...data, Type: "bind", Source: "/srv" }] }, /folder of its node, \/srv/u],
    ["two volumes", { mounts: [data, { ...data, Source: "b", Target: "/b" }] }, /several things/u],
    ["a volume without a name", { mounts: [{ Type: "volume", Target: "/data" }] }, /no name/u],
    ["a name that is a template", { mounts: [{ ...data, Source: "{{.Node.Hostname}}" }] }, /template/u],
    ["no start guard", { configs: [] }, /no start guard.*Deploy it with Holdfast's components/u],
  ];
  for (const [what, changes, words] of refused) {
    it(`is not ${what}`, () => {
      assert.throws(() => movable(serviceOf(changes)), words);
    });
  }

  it("is not what another service mounts too, nor what an older guard keeps", () => {
    const other = serviceOf({ name: "other" });
    assert.throws(() => movable(serviceOf({}), [other]), /other mounts the volume shop-data too/u);
    assert.throws(() => movable(serviceOf({}), [], `${guard}\n# changed`), /another version of Holdfast/u);
    assert.throws(() => readMovable(swarmOf([]), "shop", undefined), /expected one of none/u);
  });
});

describe("the node that a service is moved to", () => {
  const service = serviceOf({});
  const swarm = swarmOf([service]);
  const choose = (named?: string) => chooseTarget(movable(service), swarm, named).hostname;

  it("is the one that is named, by hostname or id, else the one with the fewest tasks", () => {
    assert.equal(choose("two"), "two");
    assert.equal(choose("id-three"), "three");
    assert.equal(choose(), "three");
  });

  it("is neither its own, nor one that is unknown, down, paused or not allowed", () => {
    assert.throws(() => choose("one"), /one of two, three/u);
    assert.throws(() => choose("one"), /where the data is/u);
    assert.throws(() => choose("four"), /got "four"/u);
    assert.throws(() => choose("gone"), /which is down/u);
    assert.throws(() => choose("paused"), /which is pause/u);
    const bound = serviceOf({ constraints: ["node.hostname==one", "node.role==manager"] });
    assert.throws(() => chooseTarget({ service: bound, node: movable(service).node }, swarm, "two"), /do not allow/u);
  });
});

describe("a moved volume's name", () => {
  const at = new Date("2026-12-01T03:04:05Z");

  it("stays where it is free, and else has the time in place of a former one", () => {
    assert.equal(chooseTargetVolume("shop-data", [], true, at), "shop-data");
    assert.equal(chooseTargetVolume("shop-data", [], false, at), "shop-data-20261201-030405");
    assert.equal(chooseTargetVolume("shop-data-20261130-010203", [], false, at), "shop-data-20261201-030405");
    const user = serviceOf({ mounts: [{ ...data, Source: "shop-data-20261201-030405" }] });
    assert.equal(chooseTargetVolume("shop-data", [user], false, at), "shop-data-20261201-030405-2");
  });
});

describe("a drain", () => {
  it("is about the services with data of the node, and not about backups and what copies", () => {
    const services = [
      serviceOf({}),
      serviceOf({ name: "without", mounts: [] }),
      serviceOf({ name: "reader", mounts: [{ ...data, ReadOnly: true }] }),
      serviceOf({ name: "elsewhere", constraints: ["node.hostname==two"] }),
      serviceOf({ name: "backup", labels: { "holdfast.backup.of": "shop" } }),
      serviceOf({ name: "drill", labels: { "holdfast.backup.drill-of": "shop" } }),
      serviceOf({ name: "sender", labels: { "holdfast.move": "shop" } }),
    ];
    const swarm = swarmOf(services);
    const one = swarm.nodes.find(({ hostname }) => hostname === "one");
    assert.ok(one);
    assert.deepEqual(
      servicesOn(one, swarm).map(({ Spec }) => Spec.Name),
      ["shop"],
    );
  });
});
