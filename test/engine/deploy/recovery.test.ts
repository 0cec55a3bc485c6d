import assert from "node:assert/strict";

import { recoverInterrupted } from "../../../engine/deploy/recovery.ts";
import type { PendingOperation, ResourceState } from "../../../engine/model/resource-state.ts";
import { brokenRule } from "../../../engine/state/snapshot-integrity.ts";
import { resource } from "../../support/resource.ts";
import { TableProvider } from "../../support/table-provider.ts";

describe("the recovery of an interrupted operation", () => {
  const provider = resource("default", { type: "pulumi:providers:docker", id: "p" });
  const secret = managed("secret", "first", []);
  const service = managed("service", "redis", [secret.urn]);

  it("adopts what was created, and leaves alone what was not", async () => {
    const { resources, warnings } = await recovered([provider], [creating(secret)], [secret]);
    assert.deepEqual(names(resources), ["default", "secret first"]);
    assert.equal(resources[1]?.id, secret.id);
    assert.match(warnings.join(), /an earlier run was interrupted while creating it/);
    assert.deepEqual(names((await recovered([provider], [creating(secret)], [])).resources), ["default"]);
  });

  it("puts a replacement where what depends on it still finds it, and leaves the original to be deleted", async () => {
    const replacement = managed("secret", "second", []);
    const { resources } = await recovered(
      [provider, secret, service],
      [creating(replacement)],
      [secret, replacement, service],
    );
    assert.deepEqual(names(resources), ["default", "secret second", "secret first, to be deleted", "service redis"]);
  });

  it("takes a replacement for what was deleted to make room for it", async () => {
    const deleted = { ...secret, pendingReplacement: true };
    const { resources } = await recovered([provider, deleted, service], [creating(secret)], [secret, service]);
    assert.deepEqual(names(resources), ["default", "secret first", "service redis"]);
  });

  it("forgets what was deleted, and reads again what was updated", async () => {
    const deletion: PendingOperation = { type: "deleting", resource: service };
    const gone = await recovered([provider, secret, service], [deletion], [secret]);
    assert.deepEqual(names(gone.resources), ["default", "secret first"]);
    const update: PendingOperation = { type: "updating", resource: service };
    const there = await recovered(
      [provider, secret, service],
      [update],
      [secret, { ...service, inputs: { name: "redis", size: 2 } }],
    );
    assert.equal(there.resources[2]?.outputs["size"], 2);
    // It may be under way, or about to be taken back: the next run makes it again and waits.
    assert.deepEqual(there.resources[2].initErrors, ["an earlier run was interrupted while updating it"]);
  });

  function managed(name: string, rowName: string, dependencies: string[]): ResourceState {
    const inputs = { name: rowName };
    const id = `id-of-${JSON.stringify(rowName)}`;
    return resource(name, { id, inputs, outputs: { ...inputs, id }, provider: `${provider.urn}::p`, dependencies });
  }

  /** As it stands in the state before its id is known. */
  function creating({ id: _id, ...rest }: ResourceState): PendingOperation {
    return { type: "creating", resource: { ...rest, outputs: {} } };
  }

  async function recovered(
    resources: ResourceState[],
    pendingOperations: PendingOperation[],
    there: readonly ResourceState[],
  ) {
    const table = new TableProvider();
    for (const { id, inputs } of there) table.rows.set(id ?? "", inputs);
    const warnings: string[] = [];
    const found = await recoverInterrupted(
      { resources, pendingOperations },
      () => Promise.resolve(new Map([["docker", () => table]])),
      ({ diagnosticEvent }) => warnings.push(diagnosticEvent?.message ?? ""),
    );
    assert.equal(brokenRule(found), undefined);
    return { resources: found, warnings };
  }

  function names(resources: readonly ResourceState[]): string[] {
    return resources.map(({ urn, inputs: { name }, delete: isOld }) => {
      const of = typeof name === "string" ? ` ${name}` : "";
      return `${urn.split("::").at(-1) ?? ""}${of}${isOld ? ", to be deleted" : ""}`;
    });
  }
});
