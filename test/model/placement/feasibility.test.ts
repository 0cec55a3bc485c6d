import assert from "node:assert/strict";
import { readPulumiService } from "../../../inputs/pulumi/service.ts";
import { readLiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { readSwarmUse } from "../../../inputs/swarm/use.ts";
import {
  foreignPort,
  whyUnfit,
  type FitQuestion,
  type ServiceUse,
  type TaskUse,
} from "../../../model/placement/feasibility.ts";
import type { ServiceDefinition, SwarmNode } from "../../../model/service/definition.ts";

const gibibyte = 1024 ** 3;

function node(hostname: string, more: Partial<SwarmNode> = {}): SwarmNode {
  return {
    id: hostname,
    hostname,
    role: "worker",
    state: "ready",
    availability: "active",
    address: "",
    os: "linux",
    architecture: "x86_64",
    labels: {},
    engineLabels: {},
    memoryBytes: 8 * gibibyte,
    nanoCpus: 4e9,
    ...more,
  };
}

interface Wanted {
  constraints?: string[];
  limits?: { memoryBytes?: number; nanoCpus?: number };
  reservation?: { memoryBytes?: number; nanoCpus?: number };
  host?: number;
  routed?: number;
  order?: string;
  replicas?: number;
  image?: string;
}

function service(wanted: Wanted = {}): ServiceDefinition {
  const { constraints = [], limits, reservation, host, routed, order, replicas = 1, image = "redis:7" } = wanted;
  const ports = [
    ...(host === undefined ? [] : [{ targetPort: 6379, publishedPort: host, publishMode: "host" }]),
    ...(routed === undefined ? [] : [{ targetPort: 6379, publishedPort: routed, publishMode: "ingress" }]),
  ];
  const inputs = {
    name: "store",
    taskSpec: { containerSpec: { image }, placement: { constraints }, resources: { limits, reservation } },
    mode: { replicated: { replicas } },
    updateConfig: { order },
    endpointSpec: { ports },
  };
  const urn = "urn:pulumi:s::p::docker:index/service:Service::store";
  return readPulumiService({ urn, type: "", inputs, protect: false, retainOnDelete: false }, new Map());
}

function holder(name: string, on: string, holds: Partial<TaskUse>, routedPorts: string[] = []): ServiceUse {
  return { name, routedPorts, tasks: [{ nodeId: on, memoryBytes: 0, nanoCpus: 0, hostPorts: [], ...holds }] };
}

function ask(wanted: Wanted, question: Partial<FitQuestion> = {}) {
  const nodes = question.nodes ?? [node("a")];
  return whyUnfit(service(wanted), { nodes, use: { services: [] }, leaving: new Set(), ...question });
}

const onA = ["node.hostname==a"];
const two = [node("a"), node("b")];
const services = (...all: ServiceUse[]): Partial<FitQuestion> => ({ use: { services: all } });

/** What is asked for, of which swarm, and what is in the way: the path and what is told, or nothing. */
const table: readonly [string, Wanted, Partial<FitQuestion>, [string, RegExp] | undefined][] = [
  ["nothing in particular", {}, {}, undefined],
  ["a limit within the node's memory", { limits: { memoryBytes: 8 * gibibyte } }, {}, undefined],
  [
    "a limit above it",
    { limits: { memoryBytes: 900 * gibibyte } },
    {},
    ["limits.memoryBytes", /^a memory limit of 900 GiB, while a has 8 GiB in all$/],
  ],
  [
    "a limit that another node can give",
    { limits: { memoryBytes: 900 * gibibyte } },
    { nodes: [node("a"), node("b", { memoryBytes: 1024 * gibibyte })] },
    undefined,
  ],
  [
    "a limit that is there already",
    { limits: { memoryBytes: 900 * gibibyte } },
    { before: service({ limits: { memoryBytes: 900 * gibibyte } }) },
    undefined,
  ],
  ["a limit, of a node that says nothing", { limits: { memoryBytes: 900 * gibibyte } }, unknownSize(), undefined],
  [
    "more processors than there are",
    { limits: { nanoCpus: 5e9 } },
    {},
    ["", /^a limit of 5 processors, while a has 4 /],
  ],
  ["a reservation that is left", { reservation: { memoryBytes: 6 * gibibyte } }, taken(2), undefined],
  [
    "a reservation that others have taken",
    { reservation: { memoryBytes: 6 * gibibyte } },
    taken(3),
    ["reservation.memoryBytes", /^a memory reservation of 6 GiB, while a has 5 GiB left of 8 GiB$/],
  ],
  [
    "a reservation that its own old task frees",
    { reservation: { memoryBytes: 6 * gibibyte } },
    taken(3, "store"),
    undefined,
  ],
  [
    "a reservation beside its own old task, with start-first",
    { reservation: { memoryBytes: 6 * gibibyte }, order: "start-first" },
    { ...taken(3, "store"), before: service() },
    ["reservation.memoryBytes", /5 GiB left/],
  ],
  [
    "a reservation that a service frees which the plan removes",
    { reservation: { memoryBytes: 6 * gibibyte } },
    { ...taken(3), leaving: new Set(["other"]) },
    undefined,
  ],
  [
    "a reservation of processors that others have taken",
    { reservation: { nanoCpus: 3e9 } },
    services(holder("other", "a", { nanoCpus: 2e9 })),
    ["", /^a reservation of 3 processors, while a has 2 processors left of 4 processors$/],
  ],
  [
    "a reservation that another node has left",
    { reservation: { memoryBytes: 6 * gibibyte } },
    { ...taken(3), nodes: two },
    undefined,
  ],
  [
    "a reservation that no node has left, for a different reason each",
    { reservation: { memoryBytes: 6 * gibibyte }, host: 80 },
    {
      nodes: two,
      ...services(holder("other", "a", { memoryBytes: 3 * gibibyte }), holder("web", "b", { hostPorts: ["80/tcp"] })),
    },
    [": taskSpec", /6 GiB and port 80, while a has 5 GiB left of 8 GiB; service "web" has it on b$/],
  ],
  ["a pin that holds", { constraints: onA }, { nodes: two }, undefined],
  [
    "a pin to no node",
    { constraints: ["node.hostname==z"] },
    { nodes: two },
    ["placement.constraints", /^node\.hostname==z$/],
  ],
  [
    "a pin to a node that is down",
    { constraints: onA },
    { nodes: [node("a", { state: "down" }), node("b")] },
    ["placement.constraints", /^node\.hostname==a$/],
  ],
  [
    "a pin to a node that is drained",
    { constraints: onA },
    { nodes: [node("a", { availability: "drain" })] },
    ["placement.constraints", /./],
  ],
  ["no task", { constraints: ["node.hostname==z"], replicas: 0 }, {}, undefined],
  ["a free host port", { host: 80 }, services(holder("other", "a", { hostPorts: ["81/tcp"] })), undefined],
  [
    "a host port that another service has",
    { host: 80 },
    services(holder("other", "a", { hostPorts: ["80/tcp"] })),
    ["endpointSpec.ports", /^port 80, while service "other" has it on a$/],
  ],
  [
    "the same port of another protocol",
    { host: 80 },
    services(holder("other", "a", { hostPorts: ["80/udp"] })),
    undefined,
  ],
  [
    "a host port that another service has on another node",
    { host: 80, constraints: onA },
    { nodes: two, ...services(holder("other", "b", { hostPorts: ["80/tcp"] })) },
    undefined,
  ],
  [
    "a host port that it has itself",
    { host: 80 },
    services(holder("store", "a", { hostPorts: ["80/tcp"] })),
    undefined,
  ],
  ["a routed port that it has itself", { routed: 80 }, services(holder("store", "a", {}, ["80/tcp"])), undefined],
  [
    "a host port that another publishes on every node",
    { host: 80 },
    services(holder("other", "b", {}, ["80/tcp"])),
    ["endpointSpec.ports", /^port 80, while service "other" has it on every node$/],
  ],
  [
    "a routed port that another publishes on every node",
    { routed: 80 },
    services(holder("other", "b", {}, ["80/tcp"])),
    ["endpointSpec.ports", /every node/],
  ],
  [
    "a routed port that another has on one node",
    { routed: 80 },
    { nodes: two, ...services(holder("other", "b", { hostPorts: ["80/tcp"] })) },
    ["endpointSpec.ports", /port 80/],
  ],
  [
    "a port that something else answers on",
    { host: 80 },
    { use: { services: [], foreignPorts: new Set([foreignPort("a", "80/tcp")]) } },
    ["endpointSpec.ports", /^port 80, while something on a answers on it that is no service of the swarm$/],
  ],
  [
    "a port that it has itself and answers on",
    { host: 80 },
    { before: service({ host: 80 }), use: { services: [], foreignPorts: new Set([foreignPort("a", "80/tcp")]) } },
    undefined,
  ],
  [
    "an image that its registry does not have",
    { image: "redis:99" },
    { use: { services: [], missingImages: new Map([["redis:99", "manifest unknown"]]) } },
    ["containerSpec.image", /^redis:99, of which the registry says: manifest unknown$/],
  ],
];

function unknownSize(): Partial<FitQuestion> {
  const { memoryBytes, nanoCpus, ...rest } = node("a");
  return { nodes: [rest] };
}

function taken(gibibytes: number, by = "other"): Partial<FitQuestion> {
  return services(holder(by, "a", { memoryBytes: gibibytes * gibibyte }));
}

describe("what keeps a service's next task from starting", () => {
  for (const [name, wanted, question, expected] of table) {
    it(`${name}: ${expected === undefined ? "nothing" : "told"}`, () => {
      const obstacle = ask(wanted, question);
      if (expected === undefined) {
        assert.equal(obstacle, undefined);
        return;
      }
      assert.ok(obstacle, "there is an obstacle");
      assert.ok(obstacle.path.endsWith(expected[0]), obstacle.path);
      assert.match(obstacle.got, expected[1]);
      assert.match(obstacle.path, /^service "store"/);
    });
  }

  it("is a lost node that is to come back, for its disk has the data, and no other node", () => {
    const adviceFor = (more: Partial<SwarmNode>, constraints = onA) =>
      ask({ constraints }, { nodes: [node("a", more), node("b")] })?.fix ?? "";
    assert.match(
      adviceFor({ state: "down" }),
      /^Start a again, which is down: .* data is on no other node\. The nodes: a /u,
    );
    assert.match(
      adviceFor({ availability: "drain" }),
      /^Let a take .* drain: `.*node update --availability active a`\. /u,
    );
    assert.match(adviceFor({}, ["node.hostname==c"]), /^Change the constraints, or the nodes\. /u);
  });

  it("is read from what an engine answers", () => {
    const { nodes = [] } = readLiveSwarm({
      nodes: [
        {
          ID: "n1",
          Spec: { Role: "manager", Availability: "active" },
          Status: { State: "ready" },
          Description: { Hostname: "a", Resources: { NanoCPUs: 2e9, MemoryBytes: gibibyte } },
        },
      ],
    });
    assert.deepEqual([nodes[0]?.memoryBytes, nodes[0]?.nanoCpus], [gibibyte, 2e9]);
    const port = (PublishedPort: number, PublishMode: string) => ({ PublishedPort, PublishMode, Protocol: "tcp" });
    const task = (State: string, more: object = {}) => ({
      ServiceID: "s1",
      NodeID: "n1",
      Spec: { Resources: { Reservations: { MemoryBytes: 5 } } },
      Status: { State },
      ...more,
    });
    const Ports = [port(80, "host"), port(81, "ingress")];
    const use = readSwarmUse(
      [{ ID: "s1", Spec: { Name: "web", EndpointSpec: { Ports } }, Endpoint: { Ports } }, { no: "service" }],
      [
        task("running", { Status: { State: "running", PortStatus: { Ports: [port(82, "host"), port(82, "host")] } } }),
        task("starting"),
        task("complete"),
        task("pending", { NodeID: undefined }),
      ],
    );
    const held = { nodeId: "n1", memoryBytes: 5, nanoCpus: 0 };
    const tasks = [
      { ...held, hostPorts: ["82/tcp"] },
      { ...held, hostPorts: ["80/tcp"] },
    ];
    assert.deepEqual(use.services, [{ name: "web", routedPorts: ["81/tcp"], tasks }]);
  });
});
