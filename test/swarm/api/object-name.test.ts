import assert from "node:assert/strict";
import { requireObjectName } from "../../../swarm/api/object-name.ts";

describe("an id or a name that becomes part of a request", () => {
  for (const [kind, name] of [
    ["service", "k3x0q2v8mu0m5wyn1pyl9bq4t"],
    ["service", "shop_redis-1"],
    ["network", "shop_default"],
    ["container", "b".repeat(64)],
    ["volume", "data.v2"],
    ["volume", "plugin/of/volumes"],
  ] as const)
    it(`is one: ${kind} ${name.slice(0, 30)}`, () => {
      assert.equal(requireObjectName(kind, name), name);
    });

  for (const [kind, name] of [
    ["service", "../../v1.41/info"],
    ["service", ".."],
    ["service", ""],
    ["service", "a/b"],
    ["service", "a?force=1"],
    ["service", "a#b"],
    ["service", "%2e%2e"],
    ["service", "a b"],
    ["service", "a\nb"],
    ["service", "a\0"],
    ["volume", "../x"],
    ["volume", "a/../b"],
    ["volume", "/a"],
    ["secret", "é"],
    ["config", "x".repeat(513)],
  ] as const)
    it(`is none: ${kind} ${JSON.stringify(name).slice(0, 30)}`, () => {
      assert.throws(() => requireObjectName(kind, name), { name: "InputError", path: kind });
    });
});
