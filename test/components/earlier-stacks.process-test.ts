import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent, StepMetadata } from "../../engine/model/events.ts";
import { previewStack } from "../../engine/operations.ts";
import { makeProjectFolder } from "../support/program-stack.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorded = fileURLToPath(new URL("../data/stacks/unlabelled", import.meta.url));

describe("a stack from before there were labels of project and stack", function () {
  this.timeout(60_000);

  it("keeps its volume, network, health secret and service: none of them is replaced for its labels", async () => {
    const steps = await plannedSteps((state) => state);
    // The users' secret has other content: `application` runs no scripts any more.
    for (const name of ["data-volume", "redis-network", "redis-health"])
      assert.deepEqual(operations(steps, name), ["same"], name);
    assert.deepEqual(operations(steps, "redis-service"), ["update"]);
    assert.ok(differences(steps).some((path) => path.startsWith("labels")));
  });

  it("plans nothing more for the platforms that a refresh by Pulumi has taken over from the swarm", async () => {
    const platforms = JSON.stringify([{ architecture: "amd64", os: "linux" }]);
    const refreshed = await plannedSteps((state) => state.replace('"platforms":[]', `"platforms":${platforms}`));
    assert.deepEqual(differences(refreshed), differences(await plannedSteps((state) => state)));
  });
});

/** What a preview of the project's own program plans for the recorded stack. */
async function plannedSteps(change: (state: string) => string): Promise<StepMetadata[]> {
  const { projectDirectory, remove } = await makeProjectFolder(root);
  try {
    const states = join(projectDirectory, ".pulumi", "stacks", "holdfast");
    await mkdir(states, { recursive: true });
    await writeFile(join(states, "dev.json"), change(await readFile(join(recorded, "dev.json"), "utf8")));
    await cp(join(recorded, "Pulumi.dev.yaml"), join(projectDirectory, "Pulumi.dev.yaml"));
    const events: EngineEvent[] = [];
    const result = await previewStack(
      { projectDirectory, stackName: "dev" },
      {
        environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test" },
        onEvent: (event) => events.push(event),
      },
    );
    const messages = events.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? []);
    assert.ok(result.succeeded, messages.join("\n"));
    return events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []);
  } finally {
    await remove();
  }
}

function operations(steps: readonly StepMetadata[], name: string): string[] {
  return steps.filter(({ urn }) => urn.endsWith(`::${name}`) && !urn.includes("LocalVolume::")).map(({ op }) => op);
}

/** In what the service differs. */
function differences(steps: readonly StepMetadata[]): string[] {
  const service = steps.find(({ urn }) => urn.endsWith("::redis-service"));
  return Object.keys(service?.detailedDiff ?? {}).toSorted();
}
