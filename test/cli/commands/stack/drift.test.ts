import assert from "node:assert/strict";
import { driftBesidePlan, driftLines, driftOf } from "../../../../cli/commands/stack/drift.ts";
import type { EngineEvent, StepMetadata } from "../../../../engine/model/events.ts";

describe("drift", () => {
  it("is what the state does not say, by its path", () => {
    const events = [
      read({ mode: { replicated: { replicas: 1 } } }, { mode: { replicated: { replicas: 0 } } }, [
        "mode.replicated.replicas",
      ]),
    ];
    assert.deepEqual(driftLines(driftOf(events)), [
      "service cart: mode.replicated.replicas is 0 (no task is running), and 1 in the state",
    ]);
  });

  it("is not that a task was replaced by hand", () => {
    const counted = (count: number, image: string) => ({ taskSpec: { forceUpdate: count, containerSpec: { image } } });
    assert.deepEqual(driftOf([read(counted(1, "a"), counted(2, "a"), ["taskSpec.forceUpdate"])]), []);
    const both = read(counted(1, "a"), counted(2, "b"), ["taskSpec.forceUpdate", "taskSpec.containerSpec.image"]);
    assert.deepEqual(driftLines(driftOf([both])), [
      'service cart: taskSpec.containerSpec.image is "b", and "a" in the state',
    ]);
  });

  it("compares mounts, configs, secrets, networks and ports by what they are known by, not by their places", () => {
    const config = (fileName: string, configName: string) => ({ fileName, configName });
    const configs = (...all: object[]) => ({ taskSpec: { containerSpec: { configs: all } } });
    const [a, b] = [config("/etc/a", "a-1"), config("/etc/b", "b-1")];
    const path = (index: number) => `taskSpec.containerSpec.configs[${index}].configName`;
    assert.deepEqual(driftOf([read(configs(a, b), configs(b, a), [path(0), path(1)])]), []);
    assert.deepEqual(
      driftLines(driftOf([read(configs(a, b), configs(config("/etc/b", "b-0"), a), [path(0), path(1)])])),
      ['service cart: taskSpec.containerSpec.configs["/etc/b"].configName is "b-0", and "b-1" in the state'],
    );
    const lines = driftLines(driftOf([read(configs(a), configs(), ["taskSpec.containerSpec.configs"])]));
    assert.match(lines.join(), /configs\["\/etc\/a"\] is not set, and .*a-1/u);
    const ports = (...published: number[]) => ({
      endpointSpec: { ports: published.map((publishedPort) => ({ targetPort: 6379, protocol: "tcp", publishedPort })) },
    });
    assert.deepEqual(driftLines(driftOf([read(ports(1), ports(2), ["endpointSpec.ports[0].publishedPort"])])), [
      'service cart: endpointSpec.ports["6379/tcp"].publishedPort is 2, and 1 in the state',
    ]);
  });

  it("is not what an update that failed has left, which the plan updates anyway; a refresh tells it", () => {
    const event = read({ labels: "new" }, { labels: "old" }, ["labels"], { initErrors: ["rolled back"] });
    assert.deepEqual(driftBesidePlan([event]), []);
    assert.equal(driftOf([event]).length, 1);
    assert.equal(driftBesidePlan([read({ labels: "new" }, { labels: "old" }, ["labels"])]).length, 1);
  });

  it("is that what failed is gone", () => {
    const event = read({}, {}, [], { initErrors: ["rolled back"] }, "delete");
    assert.deepEqual(driftLines(driftBesidePlan([event])), ["service cart is gone"]);
  });
});

/** A resource as a refresh has read it. */
function read(
  state: object,
  live: object,
  paths: readonly string[],
  more: object = {},
  op: StepMetadata["op"] = "update",
): EngineEvent {
  const type = "docker:index/service:Service";
  const urn = `urn:pulumi:dev::shop::${type}::cart`;
  const shown = (outputs: object) => ({ urn, type, outputs: { name: "cart", ...outputs } });
  const diff = { diffKind: "update", inputDiff: false } as const;
  return {
    sequence: 0,
    timestamp: 0,
    resOutputsEvent: {
      planning: true,
      metadata: {
        op,
        urn,
        type,
        provider: "",
        old: { ...shown(state), ...more },
        ...(op === "update" && { new: shown(live) }),
        detailedDiff: Object.fromEntries(paths.map((path) => [path, diff])),
        logical: true,
      },
    },
  };
}
