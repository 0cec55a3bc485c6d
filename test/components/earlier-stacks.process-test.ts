import assert from "node:assert/strict";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent } from "../../engine/events.ts";
import { previewStack } from "../../engine/operations.ts";
import { makeProjectFolder } from "../support/program-stack.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorded = fileURLToPath(new URL("../data/stacks/unlabelled", import.meta.url));

describe("a stack from before there were labels of project and stack", function () {
  this.timeout(60_000);

  it("keeps its volume, network, secrets and service: none of them is replaced for its labels", async () => {
    const { projectDirectory, remove } = await makeProjectFolder(root);
    try {
      const states = join(projectDirectory, ".pulumi", "stacks", "holdfast");
      await mkdir(states, { recursive: true });
      await cp(join(recorded, "dev.json"), join(states, "dev.json"));
      await cp(join(recorded, "Pulumi.dev.yaml"), join(projectDirectory, "Pulumi.dev.yaml"));
      const events: EngineEvent[] = [];
      const result = await previewStack(
        { projectDirectory, stackName: "dev" },
        {
          environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test" },
          onEvent: (event) => events.push(event),
        },
      );
      assert.ok(
        result.succeeded,
        JSON.stringify(events.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? [])),
      );
      const steps = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
      const operationOf = (name: string) =>
        steps.filter(({ urn }) => urn.endsWith(`::${name}`) && !urn.includes("LocalVolume::")).map(({ op }) => op);
      for (const name of ["data-volume", "redis-network", "redis-users", "redis-health"])
        assert.deepEqual(operationOf(name), ["same"], name);
      assert.deepEqual(operationOf("redis-service"), ["update"]);
      const service = steps.find(({ urn }) => urn.endsWith("::redis-service"));
      assert.ok(service?.diffs?.includes("labels"));
    } finally {
      await remove();
    }
  });
});
