import assert from "node:assert/strict";
import { familiarImage, namedRegistry, splitImageName } from "../../text/image-name.ts";

describe("an image's name", () => {
  it("has a repository, a tag behind its last slash, and a digest", () => {
    const parts = (name: string): readonly unknown[] => Object.values(splitImageName(name));
    assert.deepEqual(parts("redis"), ["redis", undefined, undefined]);
    assert.deepEqual(parts("registry:5000/a/redis:8"), ["registry:5000/a/redis", "8", undefined]);
    assert.deepEqual(parts("registry:5000/redis"), ["registry:5000/redis", undefined, undefined]);
    assert.deepEqual(parts("redis:8@sha256:0f"), ["redis", "8", "sha256:0f"]);
  });

  it("names a registry where its first part is a host", () => {
    for (const [name, registry] of [
      ["redis", undefined],
      ["redis:8", undefined],
      ["acme/redis", undefined],
      ["localhost/redis", "localhost"],
      ["host:5000/redis", "host:5000"],
      ["ghcr.io/acme/redis:8", "ghcr.io"],
    ] as const)
      assert.equal(namedRegistry(name), registry, name);
  });

  it("is sent without Docker Hub's own name, and with a tag where it has neither tag nor digest", () => {
    for (const [name, familiar] of [
      ["redis", "redis:latest"],
      ["library/redis", "redis:latest"],
      ["docker.io/library/redis:8", "redis:8"],
      ["index.docker.io/acme/redis", "acme/redis:latest"],
      ["host:5000/redis", "host:5000/redis:latest"],
      ["redis@sha256:0f", "redis@sha256:0f"],
    ] as const)
      assert.equal(familiarImage(name), familiar, name);
  });
});
