import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import type { Lab } from "../../lab/lab.ts";
import { withArchives } from "../../live/volume-archive.ts";
import { inspectService } from "../../swarm/api/reads.ts";
import { connectEngine } from "../../swarm/engine/connection.ts";
import { engineOf, nodeOf, until } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { proofSwarmOf } from "./proof-nodes.ts";
import { prove, type ProofSwarm } from "./proof.ts";
import { isRight, proveStackEdits, stackEdits } from "./stack-deploy.ts";

/** Scales the service to 0 and waits until its task has left its node. */
async function standStill(manager: Docker, home: Docker, prefix: string): Promise<void> {
  const found = await inspectService(manager, `${prefix}-redis`);
  assert.ok(found);
  const { Version, Spec } = found;
  const stopped = { version: Version.Index, ...Spec, Mode: { Replicated: { Replicas: 0 } } };
  await manager.getService(`${prefix}-redis`).update(stopped);
  await until(
    async () => (await home.listContainers()).every(({ Names }) => !Names.some((name) => name.includes(prefix))),
    "the task has stopped",
  );
}

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

  it("mount-renamed, once the service was stopped and its data copied, as the verdict advises: interrupted", async () => {
    const { dockerHost: host } = sandbox;
    const { docker } = connectEngine({ host, source: "argument", setting: "proof" });
    const proof = await prove(sandbox, "mount-renamed", 92, async () => {
      await standStill(docker, docker, "proof92");
      await docker.createVolume({ Name: "proof92-other" });
      await withArchives(docker, (open) =>
        open("proof92-data", { readOnly: true }, (original) =>
          open("proof92-other", { readOnly: false }, (copy) => original.copyTo(copy)),
        ),
      );
      return () => Promise.resolve();
    });
    assert.deepEqual([proof.fate, proof.fact.key], ["interrupted", "kept"]);
    assert.match(proof.verdict?.causes.at(-1)?.text ?? "", / is there with files in it: it starts on the data there/u);
  });
});

/** `npm run stack-proof` makes all of them. */
const sampleOfEdits = [
  "an empty label",
  "a second volume",
  "the volumes in another order",
  "a config",
  "the config in its long form",
  "two networks",
  "the networks in another order, as a mapping",
  "privileged, which is left out",
  "a limit",
  "the limit in other words",
  "the usual restart policy",
  "a sysctl",
  "sysctls as a list",
  "another port and a constraint that holds",
  "another content of a config that nobody uses",
];

describe("verdicts on stack files and what docker stack deploy does", function () {
  this.timeout(180_000);
  it("agree on whether an edit replaces the task", async () => {
    const sandbox = await sharedSandbox();
    const { dockerHost, redisImage, dockerProgram = "docker" } = sandbox;
    const connection = connectEngine({ host: dockerHost, source: "argument", setting: "proof" });
    const folder = await mkdtemp(join(tmpdir(), "holdfast-stack-proof-"));
    try {
      const swarm = { connection, dockerProgram, dockerHost, redisImage };
      const edits = stackEdits.filter(({ edit }) => sampleOfEdits.includes(edit));
      assert.equal(edits.length, sampleOfEdits.length);
      for await (const proof of proveStackEdits(swarm, folder, edits)) assert.ok(isRight(proof), JSON.stringify(proof));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** `npm run impact-proof -- --nodes` tries all of them. */
const sampleAcrossNodes: Readonly<Record<string, string>> = {
  "pin-moved": "left behind",
  "service-removed+volume-removed": "left behind",
};

describe("verdicts and what really happens on a swarm of three nodes", function () {
  this.timeout(180_000);
  let swarm: ProofSwarm;
  let lab: Lab;
  before(async function () {
    this.timeout(labStartMs);
    lab = await sharedLab();
    swarm = proofSwarmOf(lab);
  });

  /** Does what the verdict advises: scales to 0, and carries the data to the node of the new pin. */
  async function carryOver(prefix: string, isStopped: boolean): Promise<() => Promise<void>> {
    const [manager, home, other] = [1, 2, 3].map((number) => engineOf(nodeOf(lab, number)));
    assert.ok(manager && home && other);
    if (isStopped) await standStill(manager, home, prefix);
    await other.createVolume({ Name: `${prefix}-data` });
    await withArchives(home, (openHome) =>
      withArchives(other, (openOther) =>
        openHome(`${prefix}-data`, { readOnly: true }, (original) =>
          openOther(`${prefix}-data`, { readOnly: false }, (copy) => original.copyTo(copy)),
        ),
      ),
    );
    return () => Promise.resolve();
  }

  for (const [isStopped, fate] of [
    [true, "interrupted"],
    [false, "at risk"],
  ] as const) {
    it(`pin-moved, once the data was carried over while the service ${isStopped ? "stood still" : "ran"}: ${fate}`, async () => {
      const proof = await prove(swarm, "pin-moved", 91, () => carryOver("proof91", isStopped));
      assert.deepEqual([proof.fate, proof.fact.key], [fate, "kept"]);
      assert.match(
        proof.verdict?.causes.at(-1)?.text ?? "",
        / is there with files in it: the task starts on the data there/u,
      );
    });
  }

  for (const [change, fate] of Object.entries(sampleAcrossNodes)) {
    it(`${change}: ${fate}`, async () => {
      const proof = await prove(swarm, change, 91);
      assert.equal(proof.fate, fate);
      assert.ok(proof.isRight, JSON.stringify(proof.fact));
    });
  }
});
