import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contradictionIn,
  follows,
  matchingNodes,
  narrowingOf,
  parseConstraint,
  pinOf,
  runApart,
  satisfies,
} from "../../../model/placement/constraints.ts";
import { notKnown, type SwarmNode } from "../../../model/service/definition.ts";

const node = (hostname: string, more: Partial<SwarmNode> = {}): SwarmNode => ({
  id: `id-${hostname}`,
  hostname,
  role: "worker",
  state: "ready",
  availability: "active",
  address: "10.0.0.1",
  os: "linux",
  architecture: "x86_64",
  labels: {},
  engineLabels: {},
  ...more,
});

describe("placement", () => {
  it("takes constraints apart as Swarm does", () => {
    assert.deepEqual(parseConstraint(" Node.Hostname == Vm "), {
      text: " Node.Hostname == Vm ",
      key: "node.hostname",
      operator: "==",
      value: "Vm",
    });
    assert.equal(parseConstraint("node.labels.Disk!=ssd").key, "node.labels.Disk");
    assert.equal(parseConstraint("node.labels.Disk!=ssd").operator, "!=");
    for (const refused of ["node.hostname=vm", "==x", "node.hostname==", "a b==c", "node.labels.x==a,b"]) {
      assert.equal(parseConstraint(refused).key, "", refused);
    }
  });

  it("keeps the key of a constraint whose value is not known", () => {
    assert.equal(narrowingOf(parseConstraint("node.hostname==\ue000", "\ue000")), "hostname");
    assert.equal(narrowingOf(parseConstraint("node.\ue000==x", "\ue000")), notKnown);
    assert.equal(narrowingOf(parseConstraint(notKnown)), notKnown);
  });

  it("knows what pins and what never does", () => {
    const kinds = [
      "node.hostname==a",
      "node.id==a",
      "node.ip==10.0.0.1",
      "node.labels.a==b",
      "node.role==manager",
      "engine.labels.a==b",
      "node.hostname!=a",
      "node.ip==10.0.0.0/8",
      "node.platform.os==linux",
    ].map((text) => narrowingOf(parseConstraint(text)));
    assert.deepEqual(kinds, ["hostname", "node id", "address", "label", "none", "none", "none", "none", "none"]);
    assert.equal(
      pinOf(["node.labels.a==b", "node.hostname==x"].map((text) => parseConstraint(text))).kind,
      "names a node",
    );
    assert.equal(pinOf([parseConstraint("node.role==manager"), parseConstraint(notKnown)]).kind, "not known");
    assert.equal(pinOf(notKnown).kind, "not known");
    assert.equal(pinOf([]).kind, "none");
  });

  it("compares values without case, and names of labels with it", () => {
    const vm = node("VM", { labels: { disk: "SSD" }, engineLabels: { zone: "a" } });
    const answer = (text: string) => satisfies(vm, parseConstraint(text));
    assert.equal(answer("node.hostname==vm"), true);
    assert.equal(answer("node.labels.disk==ssd"), true);
    assert.equal(answer("node.labels.Disk==ssd"), false);
    assert.equal(answer("node.labels.absent!=x"), true);
    assert.equal(answer("engine.labels.zone==A"), true);
    assert.equal(answer("node.role!=manager"), true);
    assert.equal(answer("node.platform.arch==x86_64"), true);
    assert.equal(answer("node.platform.os==windows"), false);
    assert.equal(answer("node.ip==10.0.0.1"), true);
    assert.equal(answer("node.ip==10.0.0.0/8"), notKnown);
    assert.equal(answer("node.colour==red"), false);
  });

  it("does not know the nodes when a constraint that decides is not known", () => {
    const nodes = [node("a"), node("b")];
    assert.equal(matchingNodes([parseConstraint(notKnown)], nodes), notKnown);
    assert.deepEqual(matchingNodes([parseConstraint(notKnown), parseConstraint("node.hostname==c")], nodes), []);
    assert.equal(matchingNodes(notKnown, nodes), notKnown);
  });

  it("knows services that never meet", () => {
    const one = [parseConstraint("node.hostname==a")];
    const other = [parseConstraint("node.hostname==b"), parseConstraint("node.role==manager")];
    assert.equal(runApart(one, other), true);
    assert.equal(runApart(one, one), false);
    assert.equal(runApart(one, [parseConstraint("node.labels.x==y")]), false);
    assert.equal(runApart(one, notKnown), false);
    assert.equal(runApart(one, [parseConstraint("node.hostname!=a")]), true);
    assert.equal(runApart([parseConstraint("node.role==worker")], [parseConstraint("node.role!=worker")]), true);
  });

  it("knows what follows from constraints that hold", () => {
    const known = ["node.hostname==a", "node.labels.x!=1", "node.ip==10.0.0.0/8"].map((text) => parseConstraint(text));
    const answers = [
      "node.hostname==A",
      "node.hostname!=b",
      "node.labels.x!=1",
      "node.hostname==b",
      "node.hostname!=a",
      "node.labels.x==1",
      "node.labels.x==2",
      "node.role==manager",
      "node.ip==10.0.0.5",
    ].map((text) => follows(parseConstraint(text), known));
    assert.deepEqual(answers, ["yes", "yes", "yes", "no", "no", "no", "perhaps", "perhaps", "perhaps"]);
    assert.equal(follows(parseConstraint(notKnown), known), notKnown);
  });

  it("finds a constraint that another one rules out", () => {
    const contradicts = (...texts: string[]) =>
      contradictionIn(texts.map((text) => parseConstraint(text))) !== undefined;
    assert.equal(contradicts("node.hostname==a", "node.role==manager", "node.hostname!=A"), true);
    assert.equal(contradicts("node.labels.x!=1", "node.labels.x==1"), true);
    assert.equal(contradicts("node.hostname==a", "node.hostname!=b", "node.hostname!=c"), false);
    assert.equal(contradicts("node.ip==10.0.0.0/8", "node.ip==10.0.0.5"), false);
  });

  it("finds constraints that no node can satisfy together, for any nodes", () => {
    const text = fc.constantFrom(
      "node.hostname==a",
      "node.hostname==b",
      "node.hostname==A",
      "node.labels.x==1",
      "node.labels.x==2",
      "node.labels.x!=1",
      "node.role!=manager",
      "node.role==manager",
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const constraints = texts.map((each) => parseConstraint(each));
        const nodes = ["a", "b"].flatMap((hostname) => ["1", "2"].map((x) => node(hostname, { labels: { x } })));
        const matching = matchingNodes(constraints, nodes);
        if (contradictionIn(constraints) !== undefined) assert.deepEqual(matching, []);
      }),
    );
  });
});
