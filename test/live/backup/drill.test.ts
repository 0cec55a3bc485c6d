import assert from "node:assert/strict";
import { drilledElsewhere } from "../../../live/backup/drill.ts";

const drillAt = (...Constraints: string[]) => ({
  Spec: { Name: "shop-drill", Mode: { Replicated: { Replicas: 1 } }, TaskTemplate: { Placement: { Constraints } } },
});
const node = { id: "abc", hostname: "node-3" };
const constraintsOf = (...before: string[]) =>
  drilledElsewhere(drillAt(...before), node)?.TaskTemplate.Placement?.Constraints;

describe("a drill whose data is on another node", () => {
  it("keeps off that node, and leaves its other constraints", () => {
    assert.deepEqual(constraintsOf("node.role==worker", "node.hostname!=node-2"), [
      "node.role==worker",
      "node.hostname!=node-3",
    ]);
    assert.deepEqual(constraintsOf("node.id != xyz"), ["node.id!=abc"]);
  });

  it("is not changed where it keeps off it, or says nothing of a node's name", () => {
    assert.equal(constraintsOf("node.hostname!=node-3"), undefined);
    assert.equal(constraintsOf("node.labels.data!=yes"), undefined);
    assert.equal(constraintsOf("node.hostname==node-2"), undefined);
    assert.equal(constraintsOf(), undefined);
  });
});
