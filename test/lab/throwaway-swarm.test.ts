import assert from "node:assert/strict";
import { takeStep, type StepEvent } from "../../lab/throwaway-swarm.ts";

describe("a step of a start", () => {
  const title = "Initialise its swarm";
  const detail = (result: string) => result;
  let told: StepEvent[];
  const tell = (event: StepEvent) => told.push(event);
  beforeEach(() => (told = []));

  it("is told as skipped, and not run, when it is done already", async () => {
    const run = () => Promise.reject(new Error("was run"));
    assert.equal(await takeStep(tell, { title, present: "one node", run, detail }), "one node");
    assert.deepEqual(told, [{ title, state: "skipped", detail: "one node" }]);
  });

  it("is told as started, with its progress, and as done", async () => {
    const run = (progress: (words: string) => void) => {
      progress("half");
      return Promise.resolve("one node");
    };
    assert.equal(await takeStep(tell, { title, present: undefined, run, detail }), "one node");
    assert.deepEqual(told, [
      { title, state: "started" },
      { title, state: "progress", detail: "half" },
      { title, state: "done", detail: "one node" },
    ]);
  });

  it("is never told as done when it fails", async () => {
    const run = () => Promise.reject(new Error("no"));
    await assert.rejects(takeStep(tell, { title, present: undefined, run, detail }), { message: "no" });
    assert.deepEqual(told, [{ title, state: "started" }]);
  });
});
