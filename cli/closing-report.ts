import { setTimeout as sleep } from "node:timers/promises";
import { advised } from "../model/advised-command.ts";
import type { CommandContext } from "./context.ts";
import { connectRedis, redisOutputs } from "./redis-client.ts";

/** How long a service that is up may take to answer its first PING, in milliseconds. */
const pingLimitMs = 10_000;

/** What stands now, for the end of `up`. */
export interface ClosingReport {
  service: string;
  endpoint: string;
  node: string;
  volume: string;
  memoryLimitBytes: number;
  /** What Redis answered. */
  ping: string;
}

/** Asks the stack's Redis for a sign of life and says where it is; undefined for a program without one. */
export async function closingReport(context: CommandContext): Promise<ClosingReport | undefined> {
  const engine = await context.engine();
  const outputs = await engine.outputs(context.location, false);
  const redis = redisOutputs(outputs);
  if (redis === undefined) return undefined;
  const { endpoint, ping } = await pingUntilAnswered(context);
  return {
    service: redis.service,
    endpoint,
    node: redis.node,
    volume: String(outputs["volume"]),
    memoryLimitBytes: Number(outputs["memoryLimitBytes"]),
    ping,
  };
}

/** The report as it is printed, with what to type next. */
export function reportLines(report: ClosingReport): string[] {
  const { service, endpoint, node, volume, memoryLimitBytes, ping } = report;
  return [
    `  service   ${service}`,
    `  endpoint  ${endpoint}`,
    `  node      ${node}`,
    `  volume    ${volume}`,
    `  limit     ${formatBytes(memoryLimitBytes)}`,
    `  PING      ${ping}`,
    "",
    `Next: ${advised("redis", "set foo bar")}`,
    `      ${advised("redis", "get foo")}`,
    `      ${advised("preview")}, after a change of the program or of its settings`,
  ];
}

/** A number of bytes in the largest unit in which it is a whole number: `100 MiB`. */
function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value} ${units[unit] ?? "bytes"}`;
}

async function pingUntilAnswered(context: CommandContext): Promise<{ endpoint: string; ping: string }> {
  const deadline = Date.now() + pingLimitMs;
  for (;;) {
    try {
      using redis = await connectRedis(context);
      return { endpoint: redis.endpoint, ping: await redis.client.ping() };
    } catch (error) {
      // A server that has just started may still be reading its data.
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
