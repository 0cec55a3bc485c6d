/** What the proofs of the backups do to a store, and how they know its state. */
import type { Redis } from "ioredis";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Rig } from "./rig.ts";

/** A value that looks like the protocol. */
export const treacherous = "*3\r\n$3\r\nSET\r\n#TS:99999999999\r\n$5\r\nMULTI\r\n";

/** The digest of all that a server holds. */
export async function digestOf(redis: Redis): Promise<string> {
  return z.string().parse(await redis.call("DEBUG", "DIGEST"));
}

/** The digest of all that a server makes of files. */
export async function digestOfFiles(
  folder: string,
  kind: "log" | "snapshot" = "log",
  settings: readonly string[] = [],
): Promise<string> {
  await using rig = await Rig.create({ kind });
  const { redis } = await rig.startRedis(folder, settings);
  return await digestOf(redis);
}

/** Lets the server write its log anew, and waits until that is done. */
export async function rewrite(redis: Redis): Promise<void> {
  await redis.bgrewriteaof();
  while (/aof_rewrite_(?:in_progress|scheduled):1/u.test(await redis.info("persistence"))) await sleep(20);
}
