/** A person prunes the repository while the companion delivers into it, and the program is killed in between. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Rig, type Ran } from "./rig.ts";
import { assertRestores, errorOf, Writer } from "./scenarios.ts";
import { digestOf, rewrite } from "./store.ts";

const program = join(import.meta.dirname, "../../backup/main.ts");

/** So long states are kept. */
const keepDays = 2 / 86_400;

function pruned({ last }: Ran) {
  assert.ok(last.type === "result" && last.command === "prune", JSON.stringify(last));
  return last;
}

/** Kills it with all that it has started, as the end of its container does. */
async function killedPrune(rig: Rig, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [program, "prune"], {
    env: rig.environment({ keepDays }),
    stdio: "ignore",
    detached: true,
  });
  const ended = once(child, "exit");
  await sleep(afterMs);
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await ended;
}

/** Proves the newest state again and again until a prune has ended. */
async function provedUntil(rig: Rig, pruning: Promise<Ran>): Promise<void> {
  const running = Symbol("running");
  while ((await Promise.race([pruning, Promise.resolve(running)])) === running) {
    const { last } = await rig.run(["verify", "--level", "digest"]);
    assert.ok(last.type === "result" && last.command === "verify", JSON.stringify(last));
    assert.deepEqual([last.result, last.mistakes], ["ok", []]);
  }
}

/** What goes is what was shown, killed at several moments, under writes that are all delivered. */
export async function prunesBesideDeliveries(): Promise<void> {
  await using rig = await Rig.create({ everySeconds: 0.5, lateAfterSeconds: 30 });
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const writer = new Writer(redis, 50);
  for (let round = 0; round < 4; round++) {
    await rig.delivered(companion, 60);
    await rewrite(redis);
    await sleep(1500);
  }
  await rig.delivered(companion, 60);
  await sleep(3000);
  const plan = pruned(await rig.run(["prune", "--dry-run", "yes"], { keepDays }));
  assert.ok(plan.bases > 0 && plan.pieces > 0 && plan.bytes > 0 && plan.freedBytes === undefined, JSON.stringify(plan));
  const untouched = pruned(await rig.run(["prune", "--dry-run", "yes"], { keepDays }));
  assert.ok(untouched.pieces >= plan.pieces, "a dry run has changed something");
  // Nothing can be done in a tenth of a second.
  const slow = await rig.run(["prune"], { keepDays, lateAfterSeconds: 0.2 });
  assert.match(errorOf(slow), /even the smallest step took more than 0\.1 s\. Deliveries cannot wait longer/u);
  for (const afterMs of [400, 1200, 2000, 2800]) await killedPrune(rig, afterMs);
  const pruning = rig.run(["prune"], { keepDays });
  await provedUntil(rig, pruning);
  const done = pruned(await pruning);
  assert.ok(done.freedBytes !== undefined, JSON.stringify(done));
  await writer.stop();
  await rig.delivered(companion, 60);
  const digest = await digestOf(redis);
  assert.equal(await companion.stop(), 0);
  const { last } = await rig.run(["list"]);
  assert.ok(last.type === "result" && last.command === "list");
  assert.deepEqual(last.mistakes, []);
  await assertRestores(rig, digest);
  assert.match(await rig.restic("check", "--read-data"), /no errors were found/u);
}
