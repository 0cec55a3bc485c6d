import assert from "node:assert/strict";
import { stackVolumes } from "../../../../cli/commands/stack/stack-data.ts";
import type { EngineEvent } from "../../../../engine/model/events.ts";

const volumeResource = (dockerName: string) => ({
  urn: `urn:pulumi:dev::shop::docker:index/volume:Volume::${dockerName}`,
  type: "docker:index/volume:Volume",
  dockerName,
  protect: true,
  isLeftOver: false,
  outputs: {},
});

/** The deletion of a service that mounts volumes. */
function deletion(name: string, volumes: string[], labels: Record<string, string> = {}): EngineEvent {
  const type = "docker:index/service:Service";
  const urn = `urn:pulumi:dev::shop::${type}::${name}`;
  const inputs = {
    name,
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    taskSpec: {
      placement: { constraints: ["node.hostname==vm"] },
      containerSpec: {
        mounts: [
          ...volumes.map((source) => ({ type: "volume", source, target: `/${source}` })),
          { type: "tmpfs", target: "/tmp" },
          { type: "volume", source: "nfs", target: "/nfs", volumeOptions: { driverOptions: { type: "nfs" } } },
        ],
      },
    },
  };
  // As the engines tell it, as far as it is read here.
  const step = { op: "delete", urn, type, old: { urn, type, inputs } };
  return { sequence: 1, timestamp: 1, resourcePreEvent: { metadata: step } } as unknown as EngineEvent;
}

const owned = { "holdfast.project": "shop", "holdfast.stack": "dev" };

describe("the volumes of a stack", () => {
  it("are those of its resources, mounted or not", () => {
    const volumes = stackVolumes([volumeResource("a"), volumeResource("b")], [deletion("web", ["a"], owned)]);
    assert.deepEqual(
      volumes.map(({ name, isOwn, services, constraints }) => ({ name, isOwn, services, constraints })),
      [
        { name: "a", isOwn: true, services: ["web"], constraints: ["node.hostname==vm"] },
        { name: "b", isOwn: true, services: [], constraints: undefined },
      ],
    );
  });

  it("are those that its tasks make, and not those that it only mounts", () => {
    const labels = { ...owned, "holdfast.volumes": "a,b" };
    const volumes = stackVolumes([], [deletion("web", ["a", "b", "theirs"], labels), deletion("worker", ["a"], owned)]);
    assert.deepEqual(
      volumes.map(({ name, isOwn, services }) => [name, isOwn, services]),
      [
        ["a", true, ["web", "worker"]],
        ["b", true, ["web"]],
        ["theirs", false, ["web"]],
      ],
    );
  });

  it("are all that a service mounts which does not say whose it is yet", () => {
    assert.deepEqual(
      stackVolumes([], [deletion("web", ["a"])]).map(({ name, isOwn }) => [name, isOwn]),
      [["a", true]],
    );
  });
});
