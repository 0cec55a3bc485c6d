import assert from "node:assert/strict";
import { RedisPersistence } from "../../../model/redis/persistence.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox, testCacheDirectory } from "../../support/sandbox.ts";
import { type Change, changesOf, type Material } from "./changes.ts";
import { makeMaterial, type Outcome, StoreUnderChange } from "./proof.ts";

/** A sample of `npm run changes`, which makes a hundred. */
describe("changes of a Redis under writers", function () {
  this.timeout(180_000);
  let swarm: SharedSandbox;
  let material: Material;

  before(async function () {
    this.timeout(sandboxStartMs);
    swarm = await sharedSandbox();
    material = await makeMaterial(swarm, testCacheDirectory);
  });

  async function outcomesOf(persistence: RedisPersistence, port: number, kinds: string[]): Promise<Outcome[]> {
    const changes = changesOf(material).filter(({ kind }) => kinds.includes(kind));
    assert.equal(changes.length, kinds.length);
    const store = await StoreUnderChange.start(swarm, material, persistence, port);
    try {
      return await inTurn(changes, (change) => store.change(change));
    } finally {
      await store.remove();
    }
  }

  it("lose no acknowledged write and turn nobody away, be it a password or a certificate that is changed", async () => {
    const outcomes = await outcomesOf(RedisPersistence.durable, 20_000, [
      "password",
      "certificate",
      "component's name",
    ]);
    for (const { kind, lost, refused, isTaskRight } of outcomes) {
      assert.deepEqual({ lost, refused, isTaskRight }, { lost: 0, refused: 0, isTaskRight: true }, kind);
    }
  });

  it("lose acknowledged writes of a cache, so the check can fail", async () => {
    const [outcome] = await outcomesOf(RedisPersistence.cache, 20_002, ["memory limit"]);
    assert.ok(outcome !== undefined && outcome.lost > 0);
  });
});

async function inTurn(changes: readonly Change[], make: (change: Change) => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const change of changes) outcomes.push(await make(change));
  return outcomes;
}
