import assert from "node:assert/strict";

import fc from "fast-check";

import {
  deletionBatches,
  dependentsOf,
  parseProviderReference,
  prerequisites,
} from "../../../engine/model/dependency-graph.ts";
import { resource } from "../../support/resource.ts";

describe("deletion batches", () => {
  it("put what depends on others first", () => {
    const network = resource("net");
    const service = resource("redis", { dependencies: [network.urn] });
    const other = resource("other");
    const urns = deletionBatches([network, service, other]).map((batch) => batch.map(({ urn }) => urn));
    assert.deepEqual(urns, [[other.urn, service.urn], [network.urn]]);
  });

  it("hold every resource once, and nothing before what needs it", () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 20 }).map((edges) =>
      edges.map((targets, index) =>
        resource(`r${index}`, {
          dependencies: index === 0 ? [] : targets.map((target) => resource(`r${target % index}`).urn),
        }),
      ),
    );
    fc.assert(
      fc.property(graph, (resources) => {
        const batches = deletionBatches(resources);
        assert.equal(batches.flat().length, resources.length);
        const batchOf = new Map(batches.flatMap((batch, index) => batch.map((state) => [state.urn, index] as const)));
        for (const state of resources)
          for (const needed of prerequisites(state))
            assert.ok((batchOf.get(needed) ?? 0) > (batchOf.get(state.urn) ?? 0), `${needed} goes after ${state.urn}`);
      }),
    );
  });
});

describe("dependents", () => {
  it("are found through others, by parent, provider and property too", () => {
    const provider = resource("docker", { type: "pulumi:providers:docker" });
    const box = resource("box");
    const network = resource("net", { parent: box.urn, provider: `${provider.urn}::4711` });
    const service = resource("redis", { propertyDependencies: { taskSpec: [network.urn] } });
    const stranger = resource("stranger");
    const all = [provider, box, network, service, stranger];
    assert.deepEqual(dependentsOf(provider.urn, all), [network, service]);
    assert.deepEqual(dependentsOf(box.urn, all), [network, service]);
    assert.deepEqual(dependentsOf(service.urn, all), []);
  });
});

describe("provider references", () => {
  it("come apart at the last separator", () => {
    const urn = "urn:pulumi:dev::shop::pulumi:providers:docker::default_5_2_0";
    assert.deepEqual(parseProviderReference(`${urn}::1b2c`), { urn, id: "1b2c" });
  });
});
