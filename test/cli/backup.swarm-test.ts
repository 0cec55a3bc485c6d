import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { inspectService } from "../../swarm/api/reads.ts";
import { BackedUpService, companionStartMs } from "../backup/lab/backed-up-service.ts";
import { type LabService, nodeOf, removeLeftovers, until, volumeNames } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";

/** What is written in this time may be lost with the node. */
const lossWindowMs = 5000;

describe("backups on three nodes", function () {
  this.timeout(labStartMs);
  this.slow(60_000);
  let lab: Lab;
  let backed: BackedUpService;
  let shop: LabService;

  before(async () => {
    lab = await sharedLab();
    backed = await BackedUpService.create(lab);
    ({ shop } = backed);
  });
  after(async () => {
    lab = await sharedLab();
    await removeLeftovers(lab, ["shop-drill"], ["shop-drill"]);
    await backed.remove();
  });

  it("undoes a mistake: everything up to the second before it is there again, and nothing later; its password is nowhere in clear", async () => {
    await shop.redis(
      "MSET",
      ...(Array.from({ length: 300 }, (_, number) => [`key:${number}`, "kept"]).flat() as [string]),
    );
    const time = await backed.flushAll();
    const restored = await backed.run("restore", "shop", "--at", time, "--yes");
    assert.equal(restored.exitCode, 0, restored.stderr);
    const { plan } = restored.document as unknown as { plan: { volume: string } };
    assert.equal(await shop.redis("DBSIZE"), 300);
    assert.equal(await shop.redis("GET", "later"), null);
    // What was written after it is kept where it was.
    assert.ok((await volumeNames(nodeOf(lab, 2))).includes("shop-data"));
    const follower = await backed.companion();
    assert.equal(follower.Spec.TaskTemplate.ContainerSpec?.Mounts?.[0]?.Source, plan.volume);
    assert.deepEqual(await backed.leaksDuring("backup", "verify", "shop"), [], "the password is in clear");
    const unasked = await backed.run("backup", "prune", "shop");
    assert.equal(unasked.exitCode, 3, unasked.stderr);
    const pruned = await backed.run("backup", "prune", "shop", "--yes");
    assert.equal(pruned.exitCode, 0, pruned.stderr);
    const { done } = pruned.document as unknown as { done: { ranges: unknown[]; freedBytes: number } };
    assert.ok(done.ranges.length > 0 && done.freedBytes >= 0, JSON.stringify(done));
    const listed = await backed.run("backup", "list");
    assert.equal(listed.exitCode, 0, listed.stderr);
    const { backups } = listed.document as unknown as { backups: { unproved: boolean; late?: string }[] };
    assert.deepEqual(
      backups.map(({ unproved, late }) => [unproved, late]),
      [[false, undefined]],
    );
  });

  it("shows where a drill has loaded it", async () => {
    const { TaskTemplate, Labels: _, ...others } = (await backed.companion()).Spec;
    const { ContainerSpec, ...task } = TaskTemplate;
    const configuration = ContainerSpec?.Env?.[0]?.replace(/\}$/u, ',"drill":{"everySeconds":3600,"level":"drill"}}');
    await backed.docker.createService({
      ...others,
      Name: "shop-drill",
      Labels: { "holdfast.backup.drill-of": "shop" },
      TaskTemplate: {
        ...task,
        Placement: { Constraints: ["node.hostname!=node-2"] },
        ContainerSpec: {
          ...ContainerSpec,
          Args: ["drill", "--scratch", "/restore"],
          Env: [configuration, "HOLDFAST_NODE={{.Node.Hostname}}"],
          Mounts: [
            { Type: "tmpfs", Target: "/tmp" },
            { Type: "volume", Source: "shop-drill", Target: "/restore" },
          ],
        },
      },
    } as object);
    await until(
      async () => {
        const { document } = await backed.run("backup", "list", "shop");
        const { backups } = document as unknown as {
          backups: { list: { proofs: { level: string; result: string; node?: string; entries?: number }[] } }[];
        };
        const [proof] = backups[0]?.list.proofs ?? [];
        if (proof?.level !== "drill") return false;
        assert.equal(proof.result, "ok");
        assert.match(proof.node ?? "", /^node-[13]$/u);
        assert.equal(proof.entries, 300);
        return true;
      },
      "a drill on another node",
      companionStartMs,
    );
  });

  it("brings the data of a lost node back on another, also after a kill in the middle", async () => {
    const acknowledged: { key: string; at: number }[] = [];
    for (let number = 0; (acknowledged.at(-1)?.at ?? 0) - (acknowledged[0]?.at ?? 0) < lossWindowMs + 3000; number++) {
      const key = `written:${number}`;
      await shop.redis("SET", key, String(number));
      acknowledged.push({ key, at: Date.now() });
    }
    await killNode(lab.directory, "node-2");
    const lostAt = Date.now();
    await until(async () => (await shop.task()).Status.State === "pending", "the node's loss is known");
    const refused = await backed.run("restore", "shop", "--yes");
    assert.equal(refused.exitCode, 2, refused.stderr);

    const killed = backed.command("restore", "shop", "--node", "node-3", "--yes");
    await until(async () => (await backed.restores()).length > 0, "the restore has begun");
    killed.kill("SIGKILL");
    await killed;
    const restored = await backed.run("restore", "shop", "--node", "node-3", "--yes");
    assert.equal(restored.exitCode, 0, restored.stderr);
    const { plan } = restored.document as unknown as { plan: { volume: string; goesOnWith?: string } };
    assert.match(plan.goesOnWith ?? "", /^holdfast-restore-shop-/u);
    assert.deepEqual(await backed.restores(), []);
    assert.equal((await shop.node()).name, "node-3");
    const promised = acknowledged.flatMap(({ key, at }) => (lostAt - at > lossWindowMs ? [key] : []));
    assert.ok(promised.length > 0);
    assert.equal(await shop.redis("EXISTS", ...(promised as [string])), promised.length);
    assert.equal(await shop.redis("EXISTS", "key:0"), 1);
    const follower = await backed.companion();
    assert.deepEqual(follower.Spec.TaskTemplate.Placement?.Constraints, ["node.hostname==node-3"]);
    const drill = await inspectService(backed.docker, "shop-drill");
    assert.deepEqual(drill?.Spec.TaskTemplate.Placement?.Constraints, ["node.hostname!=node-3"]);
  });

  it("says everywhere that it is damaged, once a proof has failed", async () => {
    const metrics = () => backed.start("backup", "list", "--format", "prometheus");
    const healthy = await metrics();
    assert.equal(healthy.exitCode, 0, healthy.stderr);
    assert.match(healthy.stdout, /^holdfast_backup_ok\{service="shop",store="shop\/test\/redis"\} 1$/mu);
    for (const words of [["status"], ["audit"]]) {
      const { exitCode, document } = await backed.run(...words);
      assert.equal(exitCode, 0, JSON.stringify(document));
    }
    for (const file of await readdir(backed.folder, { recursive: true, withFileTypes: true }))
      if (file.isFile() && file.parentPath.includes("/data")) await flipByte(join(file.parentPath, file.name));
    assert.equal((await backed.run("backup", "verify", "shop", "--level", "digest")).exitCode, 1);

    const failure = /^Its last proof failed, on .* at level digest$/u;
    const listed = await backed.run("backup", "list");
    const { backups } = listed.document as unknown as { backups: { errors: string[] }[] };
    assert.equal(listed.exitCode, 1);
    assert.match(backups[0]?.errors.join() ?? "", failure);
    const status = await backed.run("status");
    const { services } = status.document as unknown as { services: { name: string; backupErrors: string[] }[] };
    assert.equal(status.exitCode, 1);
    assert.match(services.find(({ name }) => name === "shop")?.backupErrors.join() ?? "", failure);
    const audit = await backed.run("audit");
    const audited = audit.document as unknown as { backups: { service: string; errors: string[] }[] };
    assert.equal(audit.exitCode, 1);
    assert.match(audited.backups[0]?.errors.join() ?? "", failure);
    const broken = await metrics();
    assert.equal(broken.exitCode, 1);
    assert.match(broken.stdout, /^holdfast_backup_ok\{.*\} 0$/mu);
    assert.match(broken.stdout, /^holdfast_backup_last_proof_ok\{.*,level="digest"\} 0$/mu);
  });
});

async function flipByte(file: string): Promise<void> {
  await chmod(file, 0o600);
  const bytes = await readFile(file);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
