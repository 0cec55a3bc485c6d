import assert from "node:assert/strict";
import { labelsOfOwner } from "../../../model/service/ownership.ts";
import type { Service } from "../../../swarm/api/objects.ts";
import { leftServices, oneOffSpec, pullLabel } from "../../../swarm/service/one-off-task.ts";

const own = { project: "shop", stack: "dev" };
const ownLabels = labelsOfOwner(own);
const othersLabels = labelsOfOwner({ ...own, stack: "prod" });

const present = (Name: string, Labels: Record<string, string> = {}): Service => ({
  ID: `id-of-${Name}`,
  Version: { Index: 1 },
  Spec: { Name, Labels, TaskTemplate: {}, Mode: { Replicated: { Replicas: 1 } } },
});

describe("a service of one task that runs once", () => {
  it("says for which service and for which stack it is, and nothing else of that one's labels", () => {
    const { Name, Labels } = oneOffSpec({
      purpose: "first",
      service: { Name: "cart", Labels: { ...ownLabels, "holdfast.store": "data" } },
      task: {},
    });
    assert.match(Name, /^holdfast-first-cart-[0-9a-f]{8}$/u);
    assert.deepEqual(Labels, { [pullLabel]: "cart", ...ownLabels });
    assert.deepEqual(oneOffSpec({ purpose: "pull", service: { Name: "plain" }, task: {} }).Labels, {
      [pullLabel]: "plain",
    });
  });

  const cases: readonly [what: string, labels: Record<string, string>, others: Service[], isLeft: boolean][] = [
    ["of this stack, for a service that was never made", { ...ownLabels, [pullLabel]: "new" }, [], true],
    ["of this stack, for a service that it has", { ...ownLabels, [pullLabel]: "cart" }, [present("cart")], true],
    ["of this stack, for a service that has another name by now", { ...ownLabels, [pullLabel]: "old" }, [], true],
    ["of another stack", { ...othersLabels, [pullLabel]: "new" }, [], false],
    ["of another stack, for a service of the same name", { ...othersLabels, [pullLabel]: "cart" }, [], false],
    ["of this stack in another checkout", { ...ownLabels, [pullLabel]: "there" }, [present("there")], false],
    ["without a stack, for a service of this one", { [pullLabel]: "cart" }, [present("cart")], true],
    ["without a stack, for any other service", { [pullLabel]: "new" }, [], false],
    ["of this stack that runs for itself", ownLabels, [], false],
  ];
  for (const [what, labels, others, isLeft] of cases) {
    it(`${what} is ${isLeft ? "" : "not "}what a killed run of this stack has left`, () => {
      const found = leftServices([present("one-off", labels), ...others], own, new Set(["cart"]));
      const service = labels[pullLabel];
      assert.deepEqual(found, isLeft ? [{ id: "id-of-one-off", name: "one-off", service }] : []);
    });
  }
});
