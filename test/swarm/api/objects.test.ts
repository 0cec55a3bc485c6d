import assert from "node:assert/strict";
import { taskSchema } from "../../../swarm/api/objects.ts";

describe("what Swarm says of a task", () => {
  const task = (Err: string) =>
    taskSchema.parse({
      ID: "t1",
      CreatedAt: "2026-01-01T00:00:00Z",
      ServiceID: "s1",
      Spec: {
        ContainerSpec: { Image: "redis:8", Env: ["TOKEN=correct-horse"], Args: ["--requirepass", "battery-staple"] },
      },
      DesiredState: "running",
      Status: { State: "failed", Err },
    }).Status.Err;

  it("holds nothing that its container alone may know, and nothing that a terminal obeys", () => {
    const said = 'exec: "correct-horse": \u001b[2Jnot found\r\nbattery-staple';
    assert.equal(task(said), 'exec: "[secret]": \\u001b[2Jnot found\n[secret]');
  });

  it("is the scheduler's where that speaks", () => {
    const said = "no suitable node (scheduling constraints not satisfied on 1 node)";
    assert.equal(task(said), said);
  });
});
