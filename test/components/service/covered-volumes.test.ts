import assert from "node:assert/strict";
import { requireCoveredVolumes } from "../../../components/service/covered-volumes.ts";

describe("the mounts of an image", () => {
  it("cover each VOLUME that the image is known to declare, for its version", () => {
    for (const [image, path] of [
      ["redis:7@sha256:0", "/data"],
      ["mirror.example/library/redis:7", "/data"],
      ["postgres:17", "/var/lib/postgresql/data"],
      ["postgres:18", "/var/lib/postgresql"],
    ] as const) {
      assert.equal(requireCoveredVolumes(image, [path], "data"), image);
      assert.throws(() => requireCoveredVolumes(image, ["/elsewhere"], "store.data"), {
        path: "store.data",
        expected: `something mounted at ${path}, where this image keeps data`,
      });
    }
  });

  it("are anybody's business in an image that nothing is known of", () => {
    assert.equal(requireCoveredVolumes("example/thing:1", [], "data"), "example/thing:1");
  });
});
