import assert from "node:assert/strict";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { proofSwarmOf } from "./proof-nodes.ts";
import { prove, type ProofSwarm } from "./proof.ts";

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

/** `npm run impact-proof -- --nodes` tries all of them. */
const sampleAcrossNodes: Readonly<Record<string, string>> = {
  "pin-moved": "left behind",
  "service-removed+volume-removed": "left behind",
};

describe("verdicts and what really happens on a swarm of three nodes", function () {
  this.timeout(180_000);
  let swarm: ProofSwarm;
  before(async function () {
    this.timeout(labStartMs);
    swarm = proofSwarmOf(await sharedLab());
  });

  for (const [change, fate] of Object.entries(sampleAcrossNodes)) {
    it(`${change}: ${fate}`, async () => {
      const proof = await prove(swarm, change, 91);
      assert.equal(proof.fate, fate);
      assert.ok(proof.isRight, JSON.stringify(proof.fact));
    });
  }
});
