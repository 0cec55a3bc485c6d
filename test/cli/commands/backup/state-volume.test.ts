import assert from "node:assert/strict";
import { withoutVolume } from "../../../../cli/commands/backup/state-volume.ts";

describe("a state without a volume", () => {
  const urn = (name: string) => `urn:pulumi:dev::holdfast::${name}`;
  const volume = (name: string) => ({
    ...{ urn: urn(`${name}-volume`), custom: true, id: name, type: "docker:index/volume:Volume", protect: true },
    inputs: { name, driver: "local" },
  });
  const service = (dependencies: string[]) => ({
    ...{ urn: urn("service"), custom: true, id: "1", type: "docker:index/service:Service", dependencies },
    propertyDependencies: { taskSpec: dependencies, name: [] },
  });
  const component = { urn: urn("component"), custom: false, type: "holdfast:index:Redis", inputs: {} };
  const state = (resources: object[]) => JSON.stringify({ version: 3, deployment: { manifest: {}, resources } });

  it("has everything else, and nothing that depends on it", () => {
    const others = [urn("secret"), urn("other-volume")];
    const all = [component, volume("old"), volume("other"), service([urn("old-volume"), ...others])];
    assert.deepEqual(
      JSON.parse(withoutVolume(state(all), "old") ?? ""),
      JSON.parse(state([component, volume("other"), service(others)])),
    );
  });

  it("is none where no such volume is in it", () => {
    assert.equal(withoutVolume(state([volume("other")]), "old"), undefined);
    assert.equal(withoutVolume("no state", "old"), undefined);
  });
});
