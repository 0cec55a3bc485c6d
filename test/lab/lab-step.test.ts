import assert from "node:assert/strict";
import { takeStep } from "../../lab/lab-step.ts";
import type { LabStepEvent } from "../../lab/lab-step.ts";

describe("a step of a lab", () => {
  const title = "Initialise its swarm";
  let told: LabStepEvent[];
  const tell = (event: LabStepEvent) => told.push(event);
  beforeEach(() => (told = []));

  it("is told as skipped, and not run, when it is done already", async () => {
    const run = () => Promise.reject(new Error("was run"));
    await takeStep(tell, { step: "swarm", check: () => Promise.resolve("one node"), run });
    assert.deepEqual(told, [{ step: "swarm", title, state: "skipped", detail: "one node" }]);
  });

  it("is told as started, with its progress, and as done", async () => {
    await takeStep(tell, {
      step: "swarm",
      check: () => Promise.resolve(undefined),
      run: (progress) => {
        progress("half");
        return Promise.resolve("one node");
      },
    });
    assert.deepEqual(told, [
      { step: "swarm", title, state: "started" },
      { step: "swarm", title, state: "progress", detail: "half" },
      { step: "swarm", title, state: "done", detail: "one node" },
    ]);
  });

  it("is never told as done when it fails", async () => {
    const work = {
      step: "swarm",
      check: () => Promise.resolve(undefined),
      run: () => Promise.reject(new Error("no")),
    } as const;
    await assert.rejects(takeStep(tell, work), { message: "no" });
    assert.deepEqual(told, [{ step: "swarm", title, state: "started" }]);
  });
});
