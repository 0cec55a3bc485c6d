import assert from "node:assert/strict";
import { previewDigest, streamedEvent } from "../../../cli/display/preview-digest.ts";
import { begins, numbered, stackUrn, step, summary, urns } from "./events.ts";
import { previewEvents, readPreview } from "./recorded-preview.ts";

describe("the document of a preview", () => {
  for (const name of ["memory-limit", "secret-rotated", "service-protected", "volume-renamed"]) {
    it(`is what Pulumi prints, key by key: ${name}`, () => {
      const recorded = readPreview(name);
      const digest = previewDigest(numbered(previewEvents(recorded)));
      assert.equal(JSON.stringify(digest, undefined, 1), JSON.stringify(recorded, undefined, 1));
    });
  }

  it("holds diagnostics with Pulumi's prefixes, without what passes by", () => {
    const { diagnostics, steps } = previewDigest(
      numbered([
        begins(step("create", stackUrn), true),
        {
          diagnosticEvent: {
            severity: "warning",
            message: "Undefined value (service) will not show as a stack output.\n",
          },
        },
        { diagnosticEvent: { severity: "info", message: "waiting", ephemeral: true } },
        { diagnosticEvent: { severity: "debug", message: "detail" } },
        { diagnosticEvent: { severity: "error", message: "no such image", urn: urns.redis } },
        summary({ create: 1 }, true),
      ]),
    );
    assert.deepEqual(diagnostics, [
      { message: "warning: Undefined value (service) will not show as a stack output.\n", severity: "warning" },
      { urn: urns.redis, message: "error: no such image", severity: "error" },
    ]);
    assert.equal(steps?.[0]?.detailedDiff, null);
  });

  it("streams progress as the ephemeral diagnostic that Pulumi's readers know", () => {
    const [event] = numbered([{ progressEvent: { urn: urns.redis, message: "starting" } }]);
    assert.deepEqual(event && streamedEvent(event), {
      sequence: 0,
      timestamp: 0,
      diagnosticEvent: { urn: urns.redis, message: "starting", severity: "info", ephemeral: true },
    });
  });
});
