import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConstraint, pinOf } from "../../../model/placement/constraints.ts";
import { isSameConstraint, pinConstraint } from "../../../model/placement/pin.ts";

describe("a pin", () => {
  const mark = fc.stringMatching(/^[a-z0-9][a-zA-Z0-9._-]{0,20}$/u);
  const pin = fc.oneof(
    mark.map((hostname) => ({ hostname })),
    mark.map((nodeId) => ({ nodeId })),
    fc.record({ name: mark, value: mark }).map((label) => ({ label })),
  );

  it("is a constraint that names a node, for every mark that Swarm takes", () => {
    fc.assert(
      fc.property(pin, (each) => {
        assert.match(pinOf([parseConstraint(pinConstraint(each, "pin"))]).kind, /^names a/u);
      }),
    );
  });

  it("is written as Swarm writes it", () => {
    assert.equal(pinConstraint({ hostname: "vm" }, "pin"), "node.hostname==vm");
    assert.equal(pinConstraint({ nodeId: "q628" }, "pin"), "node.id==q628");
    assert.equal(pinConstraint({ label: { name: "disk", value: "fast" } }, "pin"), "node.labels.disk==fast");
  });

  it("is the same whatever its case", () => {
    assert.ok(isSameConstraint("node.hostname==VM", "node.hostname==vm"));
    assert.ok(!isSameConstraint("node.hostname==vm", "node.hostname==vm2"));
  });

  it("is refused where Swarm would take it for something else", () => {
    for (const hostname of ["", "a b", "a==b", "*", "-x"]) {
      assert.throws(() => pinConstraint({ hostname }, "data.pin"), { path: "data.pin.hostname" }, hostname);
    }
    assert.throws(() => pinConstraint({ label: { name: "a b", value: "c" } }, "pin"), { path: "pin.label.name" });
  });
});
