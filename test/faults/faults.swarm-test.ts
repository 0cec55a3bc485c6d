import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sandboxStartMs, sharedSandbox } from "../support/sandbox.ts";
import { describeFault } from "./fault-plan.ts";
import { FaultStack, scenarios, type Fault, type FaultEngine } from "./faults.ts";

// A sample of `npm run faults`: one fault of each kind, where it hurts most.
const sample: { scenario: string; fault: Fault }[] = [
  { scenario: "create", fault: { kind: "killed", point: "creating.done", nth: 2 } },
  { scenario: "create", fault: { kind: "answer lost", nth: 1 } },
  { scenario: "replace", fault: { kind: "killed", point: "deleting.done", nth: 1 } },
  { scenario: "replace", fault: { kind: "disk full", point: "state.temp-opened", nth: 3 } },
  { scenario: "destroy", fault: { kind: "killed", point: "state.renamed", nth: 4 } },
  { scenario: "create a service", fault: { kind: "killed", point: "creating.done", nth: 5 } },
  { scenario: "update a service", fault: { kind: "killed", point: "creating.done", nth: 1 } },
];

describe("a stack survives", function () {
  this.timeout(120_000);
  let engine: FaultEngine;
  let directory: string;

  before(async function () {
    this.timeout(sandboxStartMs);
    const sandbox = await sharedSandbox();
    directory = await mkdtemp(join(tmpdir(), "holdfast-faults-"));
    engine = { dockerHost: sandbox.dockerHost, image: sandbox.redisImage, directory };
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  for (const { scenario: name, fault } of sample)
    it(`${name}: ${describeFault(fault)}`, async () => {
      const scenario = scenarios.find((candidate) => candidate.name === name);
      assert.ok(scenario);
      const stack = await FaultStack.create(engine, scenario.withService);
      try {
        assert.deepEqual(await stack.survive(scenario, fault), []);
      } finally {
        await stack.remove();
      }
    });
});
