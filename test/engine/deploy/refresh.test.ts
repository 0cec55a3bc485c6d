import assert from "node:assert/strict";
import { Journal } from "../../../engine/deploy/journal.ts";
import { refreshResources } from "../../../engine/deploy/refresh.ts";
import type { EventBody } from "../../../engine/model/events.ts";
import type { ResourceState } from "../../../engine/model/resource-state.ts";
import { brokenRule } from "../../../engine/state/snapshot-integrity.ts";
import { resource } from "../../support/resource.ts";
import { TableProvider } from "../../support/table-provider.ts";

describe("a refresh", () => {
  const provider = resource("default", { type: "pulumi:providers:docker", id: "p" });
  const reference = `${provider.urn}::p`;
  const volume = managed("data", []);
  const service = managed("redis", [volume.urn]);
  const gateway = managed("gateway", [service.urn]);
  const all = [provider, volume, service, gateway];

  it("leaves the state as it is when everything is there", async () => {
    const { resources, writes, told } = await refreshed(all, all);
    assert.deepEqual(resources, all);
    assert.deepEqual(writes, []);
    assert.deepEqual(told, ["same data", "same redis", "same gateway"]);
  });

  it("never writes a state that refers to what is gone, in whatever order things were lost", async () => {
    for (const lost of [[volume], [service], [volume, service], [volume, service, gateway], [gateway]]) {
      const left = all.filter((one) => !lost.includes(one));
      const { resources, writes, told } = await refreshed(all, left);
      assert.deepEqual(
        resources.map(({ urn }) => urn),
        left.map(({ urn }) => urn),
      );
      for (const state of [...writes, resources]) assert.equal(brokenRule(state), undefined);
      assert.equal(told.filter((step) => step.startsWith("delete")).length, lost.length);
    }
  });

  it("takes a change over and writes it once", async () => {
    const rows = new Map([[idOf(volume), { name: "data", labels: ["new"] }]]);
    const { resources, writes } = await refreshed(all, all, rows);
    assert.deepEqual(resources[1]?.outputs, { name: "data", labels: ["new"], id: idOf(volume) });
    assert.equal(writes.length, 1);
  });

  it("asks the engine for some at a time", async () => {
    const many = [provider, ...Array.from({ length: 100 }, (_, index) => managed(`data-${index}`, []))];
    let [reading, most] = [0, 0];
    const table = new TableProvider();
    const { read } = table;
    table.read = async (...args) => {
      most = Math.max(most, ++reading);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      return read(...args);
    };
    const { told } = await refreshed(many, many, new Map(), table);
    assert.equal(told.length, 100);
    assert.equal(most, 32);
  });

  function managed(name: string, dependencies: string[]): ResourceState {
    const inputs = { name };
    const id = `id-of-${JSON.stringify(name)}`;
    return resource(name, { id, inputs, outputs: { ...inputs, id }, provider: reference, dependencies });
  }

  function idOf({ id }: ResourceState): string {
    return id ?? "";
  }

  async function refreshed(
    olds: readonly ResourceState[],
    there: readonly ResourceState[],
    rows = new Map<string, object>(),
    table = new TableProvider(),
  ) {
    for (const state of there) table.rows.set(idOf(state), { ...state.inputs, ...rows.get(idOf(state)) });
    const writes: ResourceState[][] = [];
    const save = (resources: readonly ResourceState[]) => {
      writes.push([...resources]);
      return Promise.resolve();
    };
    const journal = new Journal(olds, {
      begin: () => Promise.resolve(),
      end: (_operation, resources) => save(resources),
      save,
    });
    const events: EventBody[] = [];
    await refreshResources(olds, {
      preview: false,
      journal,
      providers: { get: () => table },
      send: (event) => events.push(event),
      count: () => undefined,
    });
    const told = events.flatMap(({ resOutputsEvent }) =>
      resOutputsEvent
        ? [`${resOutputsEvent.metadata.op} ${resOutputsEvent.metadata.urn.split("::").at(-1) ?? ""}`]
        : [],
    );
    return { resources: journal.resources(), writes, told };
  }
});
