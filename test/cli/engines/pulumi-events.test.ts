import assert from "node:assert/strict";
import { parsePulumiEvent } from "../../../cli/engines/pulumi-events.ts";

describe("events of the Pulumi CLI", () => {
  const urn = "urn:pulumi:dev::p::docker:index/volume:Volume::data";

  it("lose the nulls that Go writes", () => {
    const metadata = {
      op: "create",
      urn,
      type: "docker:index/volume:Volume",
      old: null,
      new: { urn, type: "t" },
      keys: null,
    };
    const event = parsePulumiEvent(
      JSON.stringify({
        sequence: 3,
        timestamp: 5,
        resourcePreEvent: { metadata: { ...metadata, diffs: null, detailedDiff: null } },
      }),
    );
    assert.deepEqual(event?.resourcePreEvent?.metadata, {
      op: "create",
      urn,
      type: "docker:index/volume:Volume",
      provider: "",
      new: { urn, type: "t" },
      logical: false,
    });
  });

  it("lose Pulumi's colour marks", () => {
    const event = parsePulumiEvent(
      JSON.stringify({ diagnosticEvent: { message: "<{%reset%}>no such image<{%reset%}>\n", severity: "error" } }),
    );
    assert.equal(event?.diagnosticEvent?.message, "no such image\n");
  });

  it("are told from other lines", () => {
    for (const line of ["", "warning: old version", "{not json", '{"sequence":"one"}', "[]"])
      assert.equal(parsePulumiEvent(line), undefined, line);
  });
});
