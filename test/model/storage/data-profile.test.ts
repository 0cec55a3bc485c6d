import assert from "node:assert/strict";
import { judgePlan } from "../../../impact/judge-plan.ts";
import { planBetweenStackFiles } from "../../../inputs/stack/plan.ts";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { isKnown } from "../../../model/service/definition.ts";
import { dataProfile, type ImageNames } from "../../../model/storage/data-profile.ts";
import { judge } from "../../../policies/judge.ts";

const named = { "corp/kv": "redis" };

function stackFile(service: string): string {
  return `services:\n  s: ${service}\n`;
}

function profileOf(service: string, imageNames: ImageNames = {}) {
  const [read] = readStackFile(stackFile(service), { file: "stack.yml" }).services;
  assert.ok(read !== undefined);
  return dataProfile(read, { images: new Map(), imageNames });
}

describe("a data profile", () => {
  it("knows the program by the label, then by what its user calls the image, then by its name", () => {
    const programOf = (service: string): unknown => {
      const { image } = profileOf(service, named);
      return isKnown(image) ? image?.name : "not known";
    };
    assert.equal(programOf("{ image: 'corp/kv:1' }"), "redis");
    assert.equal(programOf("{ image: 'corp/kv:1', labels: { holdfast.image: postgres } }"), "postgres");
    assert.equal(programOf("{ image: 'redis:8' }"), "redis");
    assert.equal(programOf("{ image: 'corp/other:1' }"), undefined);
  });

  it("has a cache by a label, or by what Redis is told; the policies want the label", () => {
    const cacheOf = (service: string): readonly unknown[] => {
      const { isCache, isDeclaredCache, keepsState, sites } = profileOf(service);
      return [isCache, isDeclaredCache, keepsState, sites.length];
    };
    assert.deepEqual(cacheOf("{ image: redis }"), [false, false, true, 1]);
    assert.deepEqual(cacheOf("{ image: redis, deploy: { labels: { holdfast.store: cache } } }"), [
      true,
      true,
      false,
      1,
    ]);
    const evicts = "command: [redis-server, --save, '', --maxmemory-policy, allkeys-lru]";
    assert.deepEqual(cacheOf(`{ image: redis, ${evicts} }`), [true, false, true, 1]);
    const unknown = "deploy: { labels: { holdfast.store: '${KIND}' } }";
    assert.deepEqual(cacheOf(`{ image: redis, ${unknown} }`).slice(0, 1), [false]);
  });

  it("has no program and no places for a service that runs a tool of its image", () => {
    const { image, sites } = profileOf("{ image: 'postgres:16', command: [pg_dump, shop] }");
    assert.deepEqual([image, sites], [undefined, []]);
  });
});

describe("the policies and the analysis of a change", () => {
  /** What policies find in a definition, and what a change of it, to another node, does. */
  function told(service: string, imageNames: ImageNames = {}) {
    const file = (node: string) => ({
      text: stackFile(service.replace("NODE", node)),
      options: { file: "stack.yml" },
    });
    const before = readStackFile(file("a").text, { file: "stack.yml" });
    const estate = { services: before.services, volumes: before.volumes, nodes: undefined, images: new Map() };
    const findings = judge({ ...estate, previous: new Map() }, { today: "2027-03-01", images: imageNames });
    const plan = planBetweenStackFiles(file("a"), file("b"), { prune: false, stack: undefined });
    const { verdicts, withoutData } = judgePlan(plan, { imageNames });
    return {
      unpersisted: findings.filter(({ rule }) => rule === "SS101" || rule === "SS102").length,
      fates: verdicts.map(({ fate }) => fate),
      withoutData,
    };
  }
  const placement = "placement: { constraints: ['node.hostname == NODE'] }";

  it("both leave a declared cache alone", () => {
    const store = `{ image: 'redis:8', deploy: { ${placement} } }`;
    const cache = `{ image: 'redis:8', deploy: { labels: { holdfast.store: cache }, ${placement} } }`;
    assert.deepEqual(told(store), { unpersisted: 1, fates: ["left behind"], withoutData: [] });
    assert.deepEqual(told(cache), { unpersisted: 0, fates: [], withoutData: ["s"] });
  });

  it("both know an image by the name that its user gave", () => {
    const other = `{ image: 'corp/kv:1', deploy: { ${placement} } }`;
    assert.deepEqual(told(other), { unpersisted: 0, fates: [], withoutData: ["s"] });
    assert.deepEqual(told(other, named), { unpersisted: 1, fates: ["left behind"], withoutData: [] });
  });
});
