import assert from "node:assert/strict";
import { trialFor, type Trial } from "../../../live/readiness/image-pull.ts";
import type { SwarmNode } from "../../../model/service/definition.ts";
import type { Port, ServiceSpec, Task } from "../../../swarm/api/objects.ts";

const nodes = ["a", "b"].map((hostname): SwarmNode => ({
  id: `id-${hostname}`,
  hostname,
  role: "worker",
  state: "ready",
  availability: "active",
  address: "",
  os: "linux",
  architecture: "x86_64",
  labels: {},
  engineLabels: {},
}));

const port = (PublishedPort: number, PublishMode = "host"): Port => ({
  Protocol: "tcp",
  TargetPort: 6379,
  PublishedPort,
  PublishMode,
});

const running: Task = {
  ID: "t1",
  CreatedAt: "2026-11-30T00:00:00Z",
  ServiceID: "s1",
  Slot: 1,
  NodeID: "id-a",
  DesiredState: "running",
  Spec: { ContainerSpec: { Image: "redis:7" } },
  Status: { State: "running", Message: "", Err: "", PortStatus: { Ports: [port(80)] } },
};

const present: ServiceSpec = {
  Name: "store",
  TaskTemplate: { ContainerSpec: { Image: "redis:7" }, Placement: { Constraints: ["node.hostname==a"] } },
  Mode: { Replicated: { Replicas: 1 } },
  EndpointSpec: { Ports: [port(80)] },
};

const withImage = (Image: string): ServiceSpec => ({
  ...present,
  TaskTemplate: { ...present.TaskTemplate, ContainerSpec: { Image } },
});

const onNode = (hostname: string): ServiceSpec => ({
  ...present,
  TaskTemplate: { ...present.TaskTemplate, Placement: { Constraints: [`node.hostname==${hostname}`] } },
});

const here = ["node.hostname==a", "node.id==id-a"];
const newImage = { image: "redis:8", pulls: true, constraints: here, ports: [] };

/** What the service becomes, its tasks, and what is tried before. */
const table: readonly [string, ServiceSpec, readonly Task[], Trial | undefined][] = [
  ["nothing", present, [running], undefined],
  ["other labels", { ...present, Labels: { a: "b" } }, [running], undefined],
  ["another image", withImage("redis:8"), [running], newImage],
  ["another image, while nothing runs", withImage("redis:8"), [], undefined],
  [
    "another image, while the task fails",
    withImage("redis:8"),
    [{ ...running, Status: { State: "failed", Message: "", Err: "" } }],
    undefined,
  ],
  ["another image, of several tasks", withImage("redis:8"), [running, { ...running, ID: "t2", Slot: 2 }], undefined],
  [
    "another image and no task",
    { ...withImage("redis:8"), Mode: { Replicated: { Replicas: 0 } } },
    [running],
    undefined,
  ],
  ["another image, on every node", { ...withImage("redis:8"), Mode: { Global: {} } }, [running], undefined],
  [
    "another image, with the old task until the new one runs",
    { ...withImage("redis:8"), UpdateConfig: { Order: "start-first" } },
    [running],
    undefined,
  ],
  [
    "another port",
    { ...present, EndpointSpec: { Ports: [port(80), port(81)] } },
    [running],
    { image: "redis:7", pulls: false, constraints: here, ports: [port(81)] },
  ],
  ["a port on every node", { ...present, EndpointSpec: { Ports: [port(81, "ingress")] } }, [running], undefined],
  [
    "another node",
    onNode("b"),
    [running],
    { image: "redis:7", pulls: true, constraints: ["node.hostname==b"], ports: [port(80)] },
  ],
  [
    "a node that does not exist",
    onNode("z"),
    [running],
    {
      image: "redis:7",
      pulls: true,
      constraints: ["node.hostname==z"],
      ports: [port(80)],
    },
  ],
];

describe("what is tried before a task is replaced", () => {
  for (const [name, next, tasks, expected] of table) {
    it(`${name}: ${expected === undefined ? "nothing" : expected.pulls ? "its image is pulled" : "its ports are bound"}`, () => {
      assert.deepEqual(trialFor({ tasks, own: [], next, nodes }), expected);
    });
  }

  it("its own port is not bound while its task does not show it yet", () => {
    const fresh = { ...running, Status: { State: "running", Message: "", Err: "" } };
    assert.equal(trialFor({ tasks: [fresh], own: [port(80)], next: present, nodes }), undefined);
  });
});
