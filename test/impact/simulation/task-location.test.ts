import assert from "node:assert/strict";
import { readPulumiService } from "../../../inputs/pulumi/service.ts";
import { parseConstraint } from "../../../model/placement/constraints.ts";
import { locate, whyNowhere } from "../../../model/placement/task-location.ts";
import { notKnown, type ServiceDefinition, type SwarmNode } from "../../../model/service/definition.ts";

function on(...constraints: string[]): ServiceDefinition {
  const service = readPulumiService(
    { urn: "u", type: "t", inputs: {}, protect: false, retainOnDelete: false },
    new Map(),
  );
  return { ...service, constraints: constraints.map((text) => parseConstraint(text)) };
}

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
    ...more,
  };
}

const a = "node.hostname==a";
const b = "node.hostname==b";

/** Constraints before and after; what is known; whether the node still satisfies them, and where a new task starts. */
const rows: readonly [
  string,
  string[],
  string[],
  SwarmNode[] | undefined,
  string[] | undefined,
  boolean | typeof notKnown,
  string,
][] = [
  ["the same pin", [a], [a], undefined, undefined, true, "stays"],
  [
    "the same pin, and one more that cannot be looked at",
    [a],
    [a, "node.role==manager"],
    undefined,
    undefined,
    true,
    "stays",
  ],
  ["another pin", [a], [b], undefined, undefined, false, "moves"],
  ["the pin excluded", [a], ["node.hostname!=a"], undefined, undefined, false, "moves"],
  ["two pins at once", [a], [a, b], undefined, undefined, false, "nowhere"],
  ["the pin taken out", [a], [], undefined, undefined, true, "may move"],
  ["a pin put in", [], [a], undefined, undefined, notKnown, "may move"],
  ["no pin at all", [], [], undefined, undefined, true, "may move"],
  ["a label as a pin", ["node.labels.disk==ssd"], ["node.labels.disk==ssd"], undefined, undefined, true, "stays"],
  ["a label in place of the pin", [a], ["node.labels.disk==ssd"], undefined, undefined, notKnown, "may move"],
  [
    "another label in place of a label",
    ["node.labels.x==1"],
    ["node.labels.y==1"],
    undefined,
    undefined,
    notKnown,
    "may move",
  ],
  ["a pin that is ruled out too", [a], [a, "node.hostname!=a"], undefined, undefined, false, "nowhere"],
  ["one node, no pin", [], [], [node("a")], undefined, true, "stays"],
  ["one node, a pin to another", [a], [b], [node("a")], undefined, false, "nowhere"],
  ["two nodes, another pin", [a], [b], [node("a"), node("b")], undefined, false, "moves"],
  ["two nodes, no pin", [], [], [node("a"), node("b")], undefined, true, "may move"],
  ["two nodes, a pin put in where the task runs", [], [a], [node("a"), node("b")], ["a"], true, "stays"],
  ["two nodes, a pin put in where the task does not run", [], [b], [node("a"), node("b")], ["a"], false, "moves"],
  ["the pinned node drained", [a], [a], [node("a", { availability: "drain" }), node("b")], undefined, true, "nowhere"],
  ["no nodes, another pin", [a], [b], [], undefined, false, "moves"],
  ["other nodes, another pin", [a], [b], [node("c")], undefined, false, "moves"],
  ["the new pin's node alone", [a], [b], [node("b")], undefined, false, "moves"],
  [
    "other nodes, a label in place of the pin",
    [a],
    ["node.labels.disk==ssd"],
    [node("c")],
    undefined,
    notKnown,
    "may move",
  ],
  ["other nodes, the same pin", [a], [a], [node("c")], undefined, true, "nowhere"],
  ["a task on a node that is not given", [], [b], [node("b")], ["a"], notKnown, "may move"],
  ["tasks of which one is on a node that is not given", [a], [b], [node("b")], ["a", "b"], false, "moves"],
  [
    "a label that the node carries",
    [a],
    [a, "node.labels.disk==ssd"],
    [node("a", { labels: { disk: "ssd" } }), node("b")],
    undefined,
    true,
    "stays",
  ],
  [
    "a label that it does not carry",
    [a],
    [a, "node.labels.disk==ssd"],
    [node("a"), node("b")],
    undefined,
    false,
    "nowhere",
  ],
];

describe("where a task may run before and after a change", () => {
  for (const [what, before, after, nodes, taskNodes, nodeSatisfies, move] of rows) {
    it(what, () => {
      const location = locate(on(...before), on(...after), { nodes, taskNodes });
      assert.deepEqual([location.nodeSatisfies, location.move.kind], [nodeSatisfies, move]);
    });
  }

  it("is not known while a constraint is not", () => {
    const location = locate(on(a), { ...on(), constraints: notKnown }, { nodes: undefined, taskNodes: undefined });
    assert.equal(location.move.kind, "not known");
  });

  it("knows a new service that no node may run", () => {
    assert.equal(whyNowhere(on(a), undefined), undefined);
    assert.equal(whyNowhere(on(a), [node("a")]), undefined);
    assert.equal(
      whyNowhere(on(a), [node("a", { availability: "drain" })]),
      "no node that is ready and active satisfies node.hostname==a",
    );
    assert.equal(whyNowhere(on(a, b), undefined), "its placement constraints contradict each other");
  });

  it("says what it takes for granted", () => {
    const facts = { nodes: undefined, taskNodes: undefined };
    assert.equal(
      locate(on(a), on(a, "node.role==manager"), facts).assumption,
      "the node of the running task satisfies node.role==manager",
    );
    const label = locate(on("node.labels.x==y"), on("node.labels.x==y"), facts).move;
    assert.ok(label.kind === "stays" && label.assumption === "one node alone carries the label of node.labels.x==y");
  });
});
