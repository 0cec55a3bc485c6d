import assert from "node:assert/strict";
import { readNames } from "../../../components/hooks/names-in-state.ts";

describe("what Pulumi's engine tells of the stack's state", () => {
  it("is read by type, with the names that Docker knows", () => {
    const urn = (type: string, name: string) => `urn:pulumi:dev::shop::${type}::${name}`;
    const names = readNames({
      name: "organization/shop/dev",
      outputs: {
        [urn("pulumi:pulumi:Stack", "shop-dev")]: { type: "pulumi:pulumi:Stack", outputs: { port: 10000 } },
        [urn("docker:index/service:Service", "a")]: { type: "docker:index/service:Service", outputs: { name: "cart" } },
        [urn("docker:index/service:Service", "b")]: { type: "docker:index/service:Service", outputs: { name: "shop" } },
        [urn("docker:index/volume:Volume", "c")]: { type: "docker:index/volume:Volume", outputs: { name: "data" } },
        [urn("docker:index/volume:Volume", "d")]: { type: "docker:index/volume:Volume", outputs: { name: 1 } },
      },
    });
    assert.deepEqual(
      [...names].map(([type, each]) => [type, ...each]),
      [
        ["docker:index/service:Service", "cart", "shop"],
        ["docker:index/volume:Volume", "data"],
      ],
    );
  });

  it("is nothing that could be relied on in another form", () => {
    for (const answer of [undefined, {}, { outputs: [] }, { outputs: { urn: {} } }])
      assert.throws(() => readNames(answer));
  });
});
