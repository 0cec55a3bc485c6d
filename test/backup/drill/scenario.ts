import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Rig, type RigOptions, type RunningCompanion } from "../rig.ts";

/** A drill that waits for the first state, one that finds damage, and what killed ones have left. */
export async function drillsOnSchedule(): Promise<void> {
  await using rig = await Rig.create();
  const scratch = join(rig.folder, "scratch");
  // Of a drill that was killed an hour ago, and of one that is at work.
  for (const [name, agoSeconds] of [
    ["killed", 3600],
    ["other", 1],
  ] as const) {
    const alive = join(scratch, `holdfast-drill-${name}`, "alive");
    await mkdir(join(alive, ".."), { recursive: true });
    await writeFile(alive, "");
    const seconds = Date.now() / 1000 - agoSeconds;
    await utimes(alive, seconds, seconds);
  }
  const start = (status: string, drill: RigOptions["drill"]): RunningCompanion =>
    rig.follow({ ...(drill && { drill }) }, status, {
      words: ["drill", "--scratch", scratch],
      environment: { HOLDFAST_NODE: "node-2" },
    });
  const { redis } = await rig.startRedis();
  await redis.mset("a", "1", "b", "2");
  const companion = rig.follow();
  await rig.delivered(companion);
  const drill = start("drill-status", { everySeconds: 3600, level: "drill" });
  await until(() => drill.said().includes("The next drill is in"), drill);
  assert.match(drill.said(), /The drill went well/);
  assert.deepEqual(await readdir(scratch), ["holdfast-drill-other"]);
  const status = join(rig.folder, "drill-status");
  assert.equal((await rig.run(["health"], { status })).exitCode, 0);
  assert.equal(await drill.stop(), 0);
  const { last: list } = await rig.run(["list"]);
  assert.ok(list.type === "result" && list.command === "list");
  const [proof] = list.proofs;
  assert.ok(proof, "no proof was kept");
  const { level, result, node, entries, bytes, tookSeconds } = proof;
  assert.deepEqual({ level, result, node, entries }, { level: "drill", result: "ok", node: "node-2", entries: 2 });
  assert.ok((bytes ?? 0) > 0 && (tookSeconds ?? 0) > 0);

  // Another one is due, and the repository is damaged meanwhile.
  await companion.stop();
  const data = join(rig.repository, "data");
  for (const file of await readdir(data, { recursive: true, withFileTypes: true }))
    if (file.isFile()) await damage(join(file.parentPath, file.name));
  const failing = start("failing", { everySeconds: 7200, level: "load" });
  assert.equal(await exitOf(failing), 1);
  assert.match(failing.said(), /looks again[^]*The drill failed: .* cannot be read/);
  assert.deepEqual(await readdir(scratch), ["holdfast-drill-other"]);
  const { last: damaged } = await rig.run(["list"]);
  assert.ok(damaged.type === "result" && damaged.command === "list");
  assert.deepEqual([damaged.proofs[0]?.level, damaged.proofs[0]?.result], ["load", "failed"]);
  // The next task does not try at once.
  const next = start("next", { everySeconds: 7200, level: "load" });
  await until(() => /The next drill is in 3[56]\d\d s/.test(next.said()), next);
}

async function exitOf({ process }: RunningCompanion): Promise<number | null> {
  if (process.exitCode === null) await once(process, "exit");
  return process.exitCode;
}

async function damage(file: string): Promise<void> {
  await chmod(file, 0o600);
  const bytes = await readFile(file);
  // The content is first, and what says where it is comes last.
  bytes.fill(0, 0, Math.min(64, bytes.length));
  await writeFile(file, bytes);
}

async function until(isSo: () => boolean, companion: RunningCompanion): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (isSo()) return;
    if (companion.process.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`this was said: ${companion.said()}`);
}
