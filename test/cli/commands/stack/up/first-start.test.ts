import assert from "node:assert/strict";
import { isFirstStart } from "../../../../../cli/commands/stack/up/first-start.ts";

describe("a first start", () => {
  const resource = (type: string) => ({ urn: `urn::${type}`, type, dockerName: "x", protect: false });

  it("is asked for only while the stack has nothing that can have data", () => {
    assert.ok(isFirstStart([]));
    assert.ok(isFirstStart([resource("pulumi:pulumi:Stack"), resource("docker:index/secret:Secret")]));
    assert.ok(!isFirstStart([resource("pulumi:pulumi:Stack"), resource("docker:index/volume:Volume")]));
    assert.ok(!isFirstStart([resource("docker:index/service:Service")]));
  });
});
