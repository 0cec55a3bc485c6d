/** What else happens to a store and its companion: disks that are full, clocks that jump, a repository that is away. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Rig } from "../rig.ts";
import { rewrite } from "../store.ts";
import { BackupRun, jumpSeconds } from "./backup-run.ts";
import type { Fault } from "./fault.ts";
import { SmallDisk } from "./small-disk.ts";

/** The folder that has a small disk of its own. */
interface OnSmallDisk {
  readonly folder: "repository" | "data";
  readonly kilobytes: number;
}

function newRig(): Promise<Rig> {
  return Rig.create({ everySeconds: 0.3, lateAfterSeconds: 4 }, { hasOwnHostnames: true });
}

function happening(title: string, happen: (run: BackupRun) => Promise<void>): Fault {
  return {
    title,
    survive: async () => {
      await using rig = await newRig();
      return await survive(rig, happen);
    },
  };
}

function onSmallDisk(
  title: string,
  { folder, kilobytes }: OnSmallDisk,
  happen: (run: BackupRun, disk: SmallDisk) => Promise<void>,
): Fault {
  return {
    title,
    survive: async () => {
      await using rig = await newRig();
      await using disk = await SmallDisk.mount(rig[folder], kilobytes);
      return await survive(rig, (run) => happen(run, disk));
    },
  };
}

async function survive(rig: Rig, happen: (run: BackupRun) => Promise<void>): Promise<string> {
  await rig.makeRepository();
  using run = await BackupRun.create(rig);
  await run.delivered();
  await happen(run);
  await run.revive();
  return await run.finish();
}

/** Writes what does not compress. */
async function fill(redis: Redis, kilobytes: number): Promise<void> {
  for (let key = 0; key < kilobytes / 100; key++)
    await redis.set(`random-${key}`, randomBytes(100_000)).catch(() => undefined); // A full disk refuses it.
}

/** All of them. */
export const circumstances: readonly Fault[] = [
  ...[600, 1500, 2500, 4000].map((kilobytes) =>
    onSmallDisk(
      `the repository's disk is full after ${kilobytes} kB`,
      { folder: "repository", kilobytes: kilobytes + 400 },
      async ({ redis }, disk) => {
        await fill(redis, kilobytes + 1200);
        await sleep(4000);
        await disk.grow();
      },
    ),
  ),
  ...[1, 2].map((time) =>
    onSmallDisk(
      `the repository's disk can only be read for ${2 * time} s`,
      { folder: "repository", kilobytes: 65_536 },
      async (_, disk) => {
        await disk.setReadOnly(true);
        await sleep(2000 * time);
        await disk.setReadOnly(false);
      },
    ),
  ),
  ...[1000, 3000].map((kilobytes) =>
    onSmallDisk(
      `the server's disk is full after ${kilobytes} kB`,
      { folder: "data", kilobytes },
      async ({ redis }, disk) => {
        const filled = fill(redis, kilobytes + 500);
        await sleep(3000);
        await disk.grow();
        await filled;
      },
    ),
  ),
  ...[300, 2000].map((ms) =>
    happening(`the repository is away for ${ms} ms`, async ({ rig }) => {
      // What could be delivered into it would go with it.
      const disk = await SmallDisk.mount(rig.repository, 64, "ro");
      await sleep(ms);
      await disk[Symbol.asyncDispose]();
    }),
  ),
  ...[1000, 6000].map((ms) =>
    happening(`the companion stands still for ${ms} ms`, async ({ companion }) => {
      companion.process.kill("SIGSTOP");
      await sleep(ms);
      companion.process.kill("SIGCONT");
    }),
  ),
  happening(`the companion's clock jumps ahead by ${jumpSeconds} s`, async (run) => {
    run.jump();
    await sleep(1500);
  }),
  happening("a companion whose clock was ahead is followed by one whose clock is right", async (run) => {
    run.jump();
    await sleep(800);
    await run.companion.stop("SIGKILL");
  }),
  ...[1, 2, 3, 4].map((time) =>
    happening(`the companion is killed ${time} times while the log is rewritten`, async (run) => {
      for (let kill = 0; kill < time; kill++) {
        const rewritten = rewrite(run.redis);
        await sleep(70 * time);
        await run.companion.stop("SIGKILL");
        await rewritten;
        if (kill % 2 === 0) await rewrite(run.redis);
        await run.revive();
      }
    }),
  ),
  ...[0, 30, 200].map((ms) =>
    happening(`the server is killed ${ms} ms after it has begun to rewrite its log`, async (run) => {
      const rewritten = rewrite(run.redis);
      await sleep(ms);
      run.server.kill("SIGKILL");
      await rewritten.catch(() => undefined);
    }),
  ),
  happening("the server stands still for 6 s", async ({ server }) => {
    server.kill("SIGSTOP");
    await sleep(6000);
    server.kill("SIGCONT");
  }),
  ...[0, 300, 900].map((ms) =>
    happening(`the companion is asked to stop after ${ms} ms`, async (run) => {
      await sleep(ms);
      await run.companion.stop();
    }),
  ),
];
