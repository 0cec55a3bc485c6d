import assert from "node:assert/strict";
import {
  type HostPathArgs,
  LocalVolume,
  type LocalVolumeArgs,
  StatefulService,
  type StatefulServiceArgs,
} from "../../../components/index.ts";
import { recordProgram } from "../program.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const pin = { hostname: "vm" };
const plain = { image: `mongo:8@${digest}`, memoryLimit: "100M", healthCheck: { test: ["CMD", "true"] } };

describe("what a program cannot say", () => {
  it("in its types: a volume without its node, two tasks, an order that lets two tasks meet, an end to restarts", () => {
    const correct: StatefulServiceArgs = { ...plain, data: [] };
    const said = [
      // @ts-expect-error a local volume without its pin
      {} satisfies LocalVolumeArgs,
      // @ts-expect-error a pin by two marks
      { pin: { hostname: "vm", nodeId: "q628" } } satisfies LocalVolumeArgs,
      // @ts-expect-error a shared volume without a reason
      { pin, shared: {} } satisfies LocalVolumeArgs,
      // @ts-expect-error a folder of nobody knows which node
      { hostPath: "/srv" } satisfies HostPathArgs,
      // @ts-expect-error several replicas
      { ...correct, replicas: 2 } satisfies StatefulServiceArgs,
      // @ts-expect-error a task on each node
      { ...correct, mode: "global" } satisfies StatefulServiceArgs,
      // @ts-expect-error the new task before the old one has stopped
      { ...correct, updateConfig: { order: "start-first" } } satisfies StatefulServiceArgs,
      // @ts-expect-error a task that is not started again
      { ...correct, restartPolicy: { condition: "none" } } satisfies StatefulServiceArgs,
    ];
    assert.equal(said.length, 8); // The compiler is what fails, when one of them can be said.
  });

  it("when it runs: a data path that nothing is mounted at", async () => {
    await recordProgram(() => {
      const data = [{ volume: new LocalVolume("data", { pin }), path: "/data/db" }];
      assert.throws(() => new StatefulService("store", { ...plain, data }), {
        message: `store.data: expected something mounted at /data/configdb, where this image keeps data, got mounts at "/data/db". Mount a volume at /data/configdb, or scratch where that data may go.`,
      });
      new StatefulService("other", { ...plain, data, scratch: [{ path: "/data/configdb" }], serviceName: "b" });
    });
  });

  it("when it runs: an image by a tag that may be another image tomorrow", async () => {
    await recordProgram(() => {
      const data = [{ volume: new LocalVolume("data", { pin }), path: "/data" }];
      assert.throws(() => new StatefulService("store", { ...plain, data, image: "example/store:1" }), {
        message: /^store\.image: expected an image by digest/u,
      });
    });
  });
});
