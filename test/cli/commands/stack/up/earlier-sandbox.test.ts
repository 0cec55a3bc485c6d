import assert from "node:assert/strict";
import { requireOfSandbox } from "../../../../../cli/commands/stack/up/earlier-sandbox.ts";

const resource = (kind: string, outputs: Record<string, unknown>) => ({
  urn: `urn:pulumi:dev::shop::docker:index/${kind}::x`,
  type: `docker:index/${kind}`,
  parent: undefined,
  outputs,
});
const volume = (mountpoint: string) => resource("volume:Volume", { name: "data", mountpoint });
const service = (image: string) => resource("service:Service", { name: "web", taskSpec: { containerSpec: { image } } });

describe("a state whose sandbox is new", () => {
  it("is forgotten where it was an earlier sandbox's: by the folder of a volume, or by its registry", () => {
    for (const resources of [
      [],
      [resource("secret:Secret", { name: "s" })],
      [volume("/shop/.holdfast/sandbox/data/volumes/data/_data"), service("redis:7@sha256:0")],
      [service("198.19.206.1:36509/redis:7.0.15@sha256:0")],
    ])
      requireOfSandbox(resources, "/shop/.holdfast/sandbox");
  });

  it("is not forgotten where it may be another engine's", () => {
    for (const resources of [
      [volume("/var/lib/docker/volumes/data/_data"), service("redis:7@sha256:0")],
      [volume("/other/.holdfast/sandbox/data/volumes/data/_data")],
      [volume("/shop/.holdfast/sandbox-of-old/data/volumes/data/_data")],
    ])
      assert.throws(
        () => {
          requireOfSandbox(resources, "/shop/.holdfast/sandbox");
        },
        { name: "SituationError", what: /resources that may be on another engine: data/ },
      );
  });
});
