import assert from "node:assert/strict";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { prove } from "./proof.ts";

/** One change for each fate that a fact can contradict, and a pair; `npm run impact-proof` tries all of them. */
const sample: Readonly<Record<string, string>> = {
  "volume-removed": "untouched",
  "memory-limit+secret-rotated": "interrupted",
  "mount-renamed+service-labels": "left behind",
  "replicas-zero+volume-removed": "destroyed",
};

describe("verdicts and what really happens on a swarm", function () {
  this.timeout(180_000);
  let sandbox: SharedSandbox;
  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
  });

  for (const [change, fate] of Object.entries(sample)) {
    it(`${change}: ${fate}`, async () => {
      const proof = await prove(sandbox, change, 90);
      assert.equal(proof.fate, fate);
      assert.ok(proof.isRight, JSON.stringify(proof.fact));
      assert.notEqual(
        proof.isOutageRight,
        false,
        `measured ${proof.fact.outageSeconds ?? 0} s, expected ${JSON.stringify(proof.verdict?.outage)}`,
      );
    });
  }
});
