import assert from "node:assert/strict";
import { sandboxStartMs, sharedSandbox, type SharedSandbox, testCacheDirectory } from "../support/sandbox.ts";
import { makeMaterial } from "../components/changes/proof.ts";
import { type FailingChange, failingChanges } from "./failing-changes.ts";
import { StoreOnItsWayBack } from "./proof.ts";

/** A sample of `npm run way-back`, which makes more than thirty. */
describe("a change that cannot work", function () {
  this.timeout(240_000);
  let swarm: SharedSandbox;
  let store: StoreOnItsWayBack;
  let changes: readonly FailingChange[];

  before(async function () {
    this.timeout(sandboxStartMs);
    swarm = await sharedSandbox();
    store = await StoreOnItsWayBack.start(swarm, await makeMaterial(swarm, testCacheDirectory), "embedded", 20_500);
    const { registryAddress } = swarm;
    // What the changes of this sample need is made for all of them.
    const unused = "unused";
    changes = failingChanges({
      registryAddress,
      otherServerImage: unused,
      endingServerImage: unused,
      silentServerImage: unused,
      takenPort: 20_502,
      foreignPort: 20_504,
      takenServiceName: unused,
      otherKey: unused,
    });
  });

  after(() => store.remove());

  for (const kind of [
    "a word where a number is meant",
    "a memory limit above the node's memory",
    "an image that the registry does not have",
    "a good change, killed after 2500 ms",
  ])
    it(`leaves a Redis that comes back by itself, and is taken back without a loss: ${kind}`, async () => {
      const change = changes.find((each) => each.kind === kind);
      assert.ok(change);
      const { wrong } = await store.try(change);
      assert.deepEqual(wrong, []);
    });
});
