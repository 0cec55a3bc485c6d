import assert from "node:assert/strict";
import { readLiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { constraintsFor, pointedAt } from "../../../live/rescue/service.ts";
import { serviceSchema, type ContainerMount } from "../../../swarm/api/objects.ts";

describe("a service that is pointed at rescued data", () => {
  const node = (number: number, Hostname = `node-${number}`) => ({
    ID: `id${number}`,
    Spec: { Role: "worker", Availability: "active", Labels: { disk: `${number}` } },
    Description: { Hostname },
    Status: { State: "ready", Addr: "10.0.0.1" },
  });
  const owner = (constraints: string[], mounts: ContainerMount[] = [], nodes = [node(1), node(2)]) => {
    const service = serviceSchema.parse({
      ID: "id",
      Version: { Index: 1 },
      Spec: {
        Name: "cache",
        Labels: { kept: "yes" },
        TaskTemplate: {
          ContainerSpec: { Image: "redis:7", Mounts: mounts, Env: ["A=1"] },
          Placement: { Constraints: constraints, MaxReplicas: 1 },
        },
        Mode: { Replicated: { Replicas: 1 } },
        EndpointSpec: { Mode: "dnsrr" },
      },
    });
    const estate = readLiveSwarm({ services: [service], nodes });
    const [definition] = estate.services;
    const [first] = estate.nodes ?? [];
    assert.ok(definition && first);
    return { service, definition, estate, first };
  };
  const constraints = (texts: string[], nodes?: ReturnType<typeof node>[]) => {
    const found = owner(texts, [], nodes);
    return constraintsFor(found.first, found);
  };

  it("keeps constraints that name just the node", () => {
    assert.deepEqual(constraints(["node.labels.disk==1"]), ["node.labels.disk==1"]);
  });

  it("is tied to the node, and loses only the constraints that do not hold there", () => {
    assert.deepEqual(constraints([]), ["node.hostname==node-1"]);
    assert.deepEqual(constraints(["node.role==worker"]), ["node.role==worker", "node.hostname==node-1"]);
    assert.deepEqual(constraints(["node.hostname==node-2"]), ["node.hostname==node-1"]);
    assert.deepEqual(constraints(["node.labels.disk==2", "node.role==worker"]), [
      "node.role==worker",
      "node.hostname==node-1",
    ]);
  });

  it("is tied by the node's id where another has its hostname", () => {
    assert.deepEqual(constraints([], [node(1, "twin"), node(2, "twin")]), ["node.id==id1"]);
  });

  it("mounts the volume in place of what stood there, or beside the rest, and stays as it was otherwise", () => {
    const other: ContainerMount = { Type: "bind", Source: "/etc", Target: "/etc/host", ReadOnly: true };
    const former: ContainerMount = { Type: "volume", Source: "old", Target: "/data", VolumeOptions: { NoCopy: true } };
    const mount = { Type: "volume", Source: "new", Target: "/data" };
    for (const [mounts, expected] of [
      [
        [former, other],
        [mount, other],
      ],
      [[other], [other, mount]],
    ] as const) {
      const { Spec } = owner(["node.role==worker"], [...mounts]).service;
      const spec = pointedAt(Spec, "new", "/data", ["node.hostname==node-1"]);
      const { ContainerSpec, Placement } = Spec.TaskTemplate;
      assert.deepEqual(spec, {
        ...Spec,
        TaskTemplate: {
          ...Spec.TaskTemplate,
          ContainerSpec: { ...ContainerSpec, Mounts: expected },
          Placement: { ...Placement, Constraints: ["node.hostname==node-1"] },
        },
      });
    }
  });
});
