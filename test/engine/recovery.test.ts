import assert from "node:assert/strict";
import { recoverInterrupted } from "../../engine/recovery.ts";
import type { ResourceState } from "../../engine/resource-state.ts";
import { brokenRule } from "../../engine/state/snapshot-integrity.ts";
import { resource } from "../support/resource.ts";
import { TableProvider } from "../support/table-provider.ts";

/** As the table names its rows. */
const idOf = (name: string) => `id-of-"${name}"`;

describe("an interrupted run", () => {
  const provider = resource("default", { type: "pulumi:providers:docker", id: "p1", inputs: { version: "5.2.0" } });
  const managed = { provider: `${provider.urn}::p1` };
  const config = resource("config", { ...managed, id: idOf("config-1"), inputs: { name: "config-1" } });
  const service = resource("service", { ...managed, id: "service", dependencies: [config.urn] });
  const replacement = resource("config", { ...managed, inputs: { name: "config-2" } });

  async function recover(resources: ResourceState[], table: TableProvider): Promise<ResourceState[]> {
    const snapshot = { resources, pendingOperations: [{ type: "creating" as const, resource: replacement }] };
    return recoverInterrupted(
      snapshot,
      () => Promise.resolve(new Map([["docker", () => table]])),
      () => undefined,
    );
  }

  it("leaves a replacement that was created before all that depends on it, and what it replaces to be deleted", async () => {
    const table = new TableProvider();
    table.rows.set(idOf("config-1"), config.inputs).set(idOf("config-2"), replacement.inputs);
    const recovered = await recover([provider, config, service], table);
    assert.deepEqual(
      recovered.map(({ id, delete: isLeft }) => [id, isLeft === true]),
      [
        ["p1", false],
        [idOf("config-2"), false],
        [idOf("config-1"), true],
        ["service", false],
      ],
    );
    assert.equal(brokenRule(recovered), undefined);
  });

  it("has created nothing where nothing is there", async () => {
    const table = new TableProvider();
    table.rows.set(idOf("config-1"), config.inputs);
    assert.deepEqual(await recover([provider, config, service], table), [provider, config, service]);
  });
});
