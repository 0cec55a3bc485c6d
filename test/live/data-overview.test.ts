import assert from "node:assert/strict";
import { readLiveSwarm } from "../../inputs/swarm/definitions.ts";
import { viewData } from "../../live/data-overview.ts";
import type { NodeVolume } from "../../live/inventory.ts";
import { serviceSchema, taskSchema, type Task } from "../../swarm/api/objects.ts";

describe("the data view of a swarm", () => {
  const anonymous = "a".repeat(64);
  const service = (Name: string, mounts: object[] = [], image = "redis:7") => ({
    ID: `id-${Name}`,
    Version: { Index: 1 },
    Spec: {
      Name,
      TaskTemplate: { ContainerSpec: { Image: image, Mounts: mounts } },
      Mode: { Replicated: { Replicas: 1 } },
    },
  });
  const mount = (Source: string, options: object = {}) => ({
    Type: "volume",
    Source,
    Target: "/data",
    VolumeOptions: { DriverConfig: { Name: "local", Options: options } },
  });
  const nfs = { type: "nfs", o: "addr=10.0.0.9", device: ":/exports/data" };
  const volume = (node: string, Name: string, users: NodeVolume["users"] = []): NodeVolume => ({
    node,
    volume: { Name, Driver: "local", Mountpoint: "/" },
    isAnonymous: Name === anonymous,
    sizeBytes: 7,
    users,
  });
  const user = (name: string, state = "running") => ({
    containerId: "c",
    state,
    service: name,
    target: "/data",
    image: "redis:7",
  });
  const nodes = ["one", "two"].map((ID) => ({ ID, Description: { Hostname: ID } }));
  const view = (services: object[], { tasks = [], volumes = [] }: { tasks?: Task[]; volumes?: NodeVolume[] } = {}) => {
    const estate = readLiveSwarm({ services, nodes });
    const swarm = {
      nodes: estate.nodes ?? [],
      services: services.map((each) => serviceSchema.parse(each)),
      tasks,
      raw: { nodes, configs: [] },
    };
    return viewData(estate, { takenAt: "", engines: [], swarm, volumes, unseenNodes: [] });
  };
  const runs = (name: string, NodeID = "one", State = "running") =>
    taskSchema.parse({
      ID: "t",
      CreatedAt: "",
      ServiceID: `id-${name}`,
      NodeID,
      Spec: {},
      DesiredState: "running",
      Status: { State },
    });

  it("says where a service's data is, how large, and with which node it would be lost", () => {
    const { services, nodeLosses, idleVolumes } = view([service("cache", [mount("kept")])], {
      tasks: [runs("cache")],
      volumes: [volume("one", "kept", [user("cache")])],
    });
    assert.deepEqual(services[0]?.places[0]?.inUse, [{ node: "one", volume: "kept", sizeBytes: 7 }]);
    assert.deepEqual(services[0].runsOn, ["one"]);
    assert.deepEqual(nodeLosses, [
      { node: "one", losses: [{ service: "cache", what: 'volume "kept"', fate: "destroyed unless backup" }] },
    ]);
    assert.deepEqual(idleVolumes, []);
  });

  it("says that a task waits, and does not take the node that it is to start on for one that it runs on", () => {
    const tasks = [runs("cache", "one", "starting")];
    const { services, nodeLosses } = view([service("cache", [mount("kept")])], { tasks });
    assert.deepEqual([services[0]?.runsOn, services[0]?.isWaiting, nodeLosses], [[], true, []]);
  });

  it("loses nothing with a node where every node reaches the data", () => {
    const { nodeLosses } = view([service("cache", [mount("kept", nfs)])], {
      tasks: [runs("cache")],
      volumes: [volume("one", "kept", [user("cache")])],
    });
    assert.deepEqual(nodeLosses, []);
  });

  it("names a service without a volume by the anonymous one that its task has now", () => {
    const { services } = view([service("cache")], {
      tasks: [runs("cache")],
      volumes: [volume("one", anonymous, [user("cache")])],
    });
    assert.equal(services[0]?.places[0]?.inUse[0]?.volume, anonymous);
  });

  const idle: [string, object[], { tasks?: Task[] }, string, string | undefined][] = [
    [
      "that its service left behind",
      [service("cache", [mount("kept")])],
      { tasks: [runs("cache", "two")] },
      "left behind",
      "cache",
    ],
    ["whose service does not run", [service("cache", [mount("kept")])], {}, "waiting", "cache"],
    ["that nothing mounts", [service("other", [mount("else")])], { tasks: [runs("other")] }, "orphan", undefined],
  ];
  for (const [what, services, observed, why, name] of idle) {
    it(`tells a volume ${what}`, () => {
      const { idleVolumes } = view(services, { ...observed, volumes: [volume("one", "kept")] });
      assert.deepEqual(
        idleVolumes.map((each) => [each.node, each.name, each.why, each.service]),
        [["one", "kept", why, name]],
      );
    });
  }

  it("tells an anonymous volume of an earlier task, with whose it was", () => {
    const volumes = [volume("one", anonymous, [user("cache", "exited")])];
    const [found] = view([service("cache")], { tasks: [runs("cache")], volumes }).idleVolumes;
    assert.deepEqual([found?.why, found?.service], ["of an earlier task", "cache"]);
  });

  it("tells of two writers only where nodes share the data", () => {
    const observation = {
      tasks: [runs("cache", "two")],
      volumes: [volume("one", "kept", [user("cache")]), volume("two", "kept", [user("cache")])],
    };
    assert.deepEqual(view([service("cache", [mount("kept", nfs)])], observation).manyWriters, [
      { service: "cache", volume: "kept", nodes: ["one", "two"] },
    ]);
    assert.deepEqual(view([service("cache", [mount("kept")])], observation).manyWriters, []);
  });

  it("adds up what the volumes of each node take, and what of it nobody uses", () => {
    const unmeasured = { ...volume("two", "big"), sizeBytes: undefined };
    const volumes = [volume("one", "kept", [user("cache")]), volume("one", "old"), unmeasured];
    assert.deepEqual(view([service("cache", [mount("kept")])], { tasks: [runs("cache")], volumes }).diskUse, [
      { node: "one", volumeCount: 2, sizeBytes: 14, idleBytes: 7, unmeasuredCount: 0 },
      { node: "two", volumeCount: 1, sizeBytes: 0, idleBytes: 0, unmeasuredCount: 1 },
    ]);
  });

  it("leaves out of the stateful ones what keeps no data", () => {
    assert.deepEqual(view([service("web", [], "nginx:1")], { tasks: [runs("web")] }).withoutData, ["web"]);
  });
});
