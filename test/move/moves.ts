import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../../lab/lab.ts";
import { nodeOf } from "../support/lab-service.ts";
import { MovedRedis } from "./rig.ts";

/** What one move has cost. */
export interface MeasuredMove {
  readonly lost: number;
  readonly acknowledged: number;
  /** The longest time without a write while a task was replaced in place, just before, and while it was moved. */
  readonly replacedMs: number;
  readonly movedMs: number;
  readonly exitCode: number | undefined;
  readonly words: string;
}

const calmMs = 1500;

/** Moves a Redis there and back under writers, and tells of each move. */
export async function proveMoves(
  lab: Lab,
  { moves, bytes }: { readonly moves: number; readonly bytes: number },
  onMove: (number: number, move: MeasuredMove) => void,
): Promise<void> {
  const redis = await MovedRedis.create(lab, { name: "moved", port: 10_091, node: 2 });
  try {
    await redis.fill(bytes);
    for (let number = 1; number <= moves; number++) {
      const from = await redis.service.node();
      const to = nodeOf(lab, from.name === "node-2" ? 3 : 2);
      onMove(number, await measureMove(redis, to));
      await redis.removeFormer(from);
    }
  } finally {
    await redis.remove();
  }
}

async function measureMove(redis: MovedRedis, to: Parameters<MovedRedis["move"]>[0]): Promise<MeasuredMove> {
  const writers = redis.writers(4);
  try {
    await writers.untilWritten(500);
    const before = performance.now();
    await redis.replace();
    await writers.untilWritten(100);
    const replacedMs = writers.longestGapMs(before);
    await sleep(calmMs);
    const began = performance.now();
    const { exitCode, all } = await redis.move(to);
    await writers.untilWritten(100);
    const movedMs = writers.longestGapMs(began);
    const acknowledged = await writers.stop();
    const { name } = await redis.service.node();
    const left = await redis.leftovers();
    const wrong = [
      ...(exitCode === 0 && name !== to.name ? [`it runs on ${name}`] : []),
      ...(left.length > 0 ? [`left: ${left.join(", ")}`] : []),
    ];
    return {
      ...{ acknowledged: acknowledged.length, replacedMs, movedMs, exitCode },
      lost: await redis.missing(acknowledged),
      words: wrong.length > 0 ? wrong.join("; ") : exitCode === 0 ? "" : all,
    };
  } finally {
    await writers.stop();
  }
}
