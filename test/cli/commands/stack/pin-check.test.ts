import assert from "node:assert/strict";
import { requirePinsOf } from "../../../../cli/commands/stack/pin-check.ts";
import { readDigest } from "../../../../inputs/pulumi/preview.ts";
import { estateOf, type SwarmNode } from "../../../../model/service/definition.ts";
import { recordedPreview, vm } from "../../../impact/recorded.ts";

describe("the check of pins against the live swarm", () => {
  const check = (change: string, nodes: SwarmNode[]) => {
    const plan = readDigest(JSON.parse(recordedPreview(change)), change, "pulumi");
    requirePinsOf(plan, estateOf([], { nodes }));
  };

  it("passes a changed service that is pinned to one node", () => {
    check("memory-limit", [vm, { ...vm, id: "w0", hostname: "worker" }]);
  });

  it("refuses one that is pinned to a node that there is not", () => {
    assert.throws(() => {
      check("pin-changed", [vm]);
    }, /^InputError: service "stateful": expected constraints that exactly one node of this swarm satisfies, got others: the only node, "vm", does not satisfy "node\.hostname==[^"]+"\. /u);
  });

  it("refuses one whose pin two nodes satisfy", () => {
    assert.throws(() => {
      check("memory-limit", [vm, { ...vm, id: "w0" }]);
    }, /got others: 2 nodes satisfy the constraints: /u);
  });

  it("says nothing of a service that the plan leaves as it is", () => {
    check("volume-protected", [{ ...vm, hostname: "another" }]);
  });
});
