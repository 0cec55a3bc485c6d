/** Somebody removes parts of a backup with restic itself. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Rig, type RigOptions } from "./rig.ts";
import { digestOf, digestOfFiles, rewrite } from "./store.ts";

/** The companion sees it before it is late, says so, and from then on the newest state can be restored again. */
export async function noticesRemovedParts(): Promise<void> {
  await noticesRemoved("kind=log", {}, /no longer in the repository: generation \S+ begins/u);
  await noticesRemoved("kind=base", {}, /base is no longer in the repository: it is sent again/u);
  await noticesRemoved(
    "kind=snapshot",
    { kind: "snapshot" },
    /snapshot is no longer in the repository: it is sent again/u,
  );
}

async function noticesRemoved(tag: string, options: RigOptions, said: RegExp): Promise<void> {
  await using rig = await Rig.create({ everySeconds: 0.3, lateAfterSeconds: 4, ...options });
  await rig.makeRepository();
  const { redis } = await rig.startRedis();
  const companion = rig.follow();
  const hasSaid = async (words: RegExp): Promise<void> => {
    for (let left = 300; left > 0 && !words.test(companion.said()); left--) await sleep(100);
    assert.match(companion.said(), words);
  };
  await written(redis, options.kind);
  await hasSaid(/(?:base|snapshot) \S+ is delivered/u);
  if (options.kind !== "snapshot") await redis.set("since", "then");
  await rig.delivered(companion);
  const digest = await digestOf(redis);
  await rig.restic("forget", "--tag", tag, "--unsafe-allow-remove-all");
  await hasSaid(said);
  // All of it is there once the whole file is, too.
  await hasSaid(new RegExp(`${said.source}.*(?:base|snapshot) \\S+ is delivered`, "su"));
  await rig.delivered(companion);
  assert.equal(await companion.stop(), 0);
  const folder = join(rig.folder, "restored");
  assert.equal((await rig.run(["restore", "--to", folder])).exitCode, 0);
  assert.equal(await digestOfFiles(folder, options.kind), digest);
}

async function written(redis: Redis, kind: RigOptions["kind"]): Promise<void> {
  for (let key = 0; key < 50; key++) await redis.set(`key-${key}`, key);
  await (kind === "snapshot" ? redis.save() : rewrite(redis));
}
