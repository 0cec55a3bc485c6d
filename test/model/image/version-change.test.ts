import assert from "node:assert/strict";
import { whyNoWayBack } from "../../../model/image/version-change.ts";

const digest = `@sha256:${"0".repeat(64)}`;

describe("the way back from another version", () => {
  const why = (before: string, after: string, label?: string) =>
    whyNoWayBack(`${before}${digest}`, `${after}${digest}`, label);

  it("is closed where the newer server may have changed the files", () => {
    assert.equal(
      why("mongo:6.0.1", "registry.example/mirror/mongo:7"),
      "MongoDB 7 may change the files at its first start, and MongoDB 6 would then run on them",
    );
    assert.notEqual(why("mysql:8.4", "mysql:9.1"), undefined);
    assert.notEqual(why("shop/store:1", "shop/store:2", "mongo"), undefined);
  });

  it("is open where it has not: the same major version, a server that refuses, one that nobody knows", () => {
    for (const [before, after] of [
      ["mongo:6.0.1", "mongo:6.0.2"],
      ["postgres:15", "postgres:16"],
      ["shop/store:1", "shop/store:2"],
      ["mongo", "mongo:7"],
      ["mongo:6", "mysql:9"],
      ["redis:7@", "redis-exporter:1"],
    ] as const) {
      assert.equal(why(before, after), undefined, `${before} to ${after}`);
    }
    assert.equal(whyNoWayBack(`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`, undefined), undefined);
  });
});
