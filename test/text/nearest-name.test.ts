import assert from "node:assert/strict";
import fc from "fast-check";
import { nearestName } from "../../text/nearest-name.ts";

describe("the name that was meant", () => {
  it("is the one with the fewest slips, and none where all are far", () => {
    const names = ["memoryLimit", "port", "publishMode", "timeout", "tcp-keepalive"];
    const table: [string, string | undefined][] = [
      ["memorylimit", "memoryLimit"],
      ["timeuot", "timeout"],
      ["prot", "port"],
      ["tcpkeepalive", "tcp-keepalive"],
      ["publishedMode", "publishMode"],
      ["replicas", undefined],
      ["", undefined],
    ];
    for (const [written, meant] of table) assert.equal(nearestName(written, names), meant, written);
    assert.equal(nearestName("port", []), undefined);
  });

  it("is the name itself where it is written right", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{3,12}$/u), { minLength: 1 }), (names) => {
        for (const name of names) assert.equal(nearestName(name, names), name);
      }),
    );
  });
});
