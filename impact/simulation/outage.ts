/** How long a service does not answer while its task is replaced: measured parts, added up. */
import { savedBytesPerSecond } from "../../model/redis/persistence.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import { maxMemoryBytes, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { gracefulStop, snapshotAtStop, stopGraceSeconds } from "./stop.ts";

/** A time without an answer, as a range. */
export interface Outage {
  readonly leastSeconds: number;
  /** `undefined`: until somebody does something about it. */
  readonly mostSeconds: number | undefined;
  readonly parts: readonly OutagePart[];
  /** The service does not answer now: the time until it does, not counted from the stop of a task. */
  readonly isDownNow?: true;
}

/** One part of an outage. */
export interface OutagePart {
  readonly name: string;
  readonly leastSeconds: number;
  readonly mostSeconds: number | undefined;
}

/** No outage at all. */
export const noOutage: Outage = { leastSeconds: 0, mostSeconds: 0, parts: [] };

/** How a task is exchanged. */
export interface Exchange {
  readonly before: ServiceDefinition;
  readonly after: ServiceDefinition | undefined;
  readonly keeper: DataKeeper;
  readonly kind: "in place" | "service replaced" | "gone";
  /** Why the new task does not start. */
  readonly cannotStart: string | undefined;
  /** Swarm starts the former task again once the new one has failed. */
  readonly isTakenBack: boolean;
  readonly imageChanges: boolean;
  /** Size of the data in memory, where it was asked for. */
  readonly datasetBytes: number | undefined;
  /** No task runs that would have to stop. */
  readonly isDownNow: boolean;
  /** What the start script makes of the old files before the server starts. */
  readonly prepares: PreparedFile | undefined;
}

/** How fast Redis reads a snapshot (measured, Redis 7.0.15, two shared cores). */
const loadedBytesPerSecond = 170e6;

/** Expects the outage of an exchange. */
export function expectOutage(exchange: Exchange): Outage {
  const { after, kind, cannotStart } = exchange;
  const parts: OutagePart[] = exchange.isDownNow ? [] : [stopPart(exchange)];
  if (kind === "gone" || after === undefined || after.replicas === 0) {
    return total([...parts, endless("until the service runs again")]);
  }
  if (kind === "service replaced") {
    parts.push({ name: "the old service is removed, the new one created", leastSeconds: 0.5, mostSeconds: 8 });
  }
  if (cannotStart !== undefined && !exchange.isTakenBack)
    return total([...parts, endless("the new task cannot start")]);
  if (exchange.imageChanges)
    parts.push({ name: "image pulled, where the node does not have it", leastSeconds: 0, mostSeconds: 120 });
  if (exchange.isTakenBack)
    parts.push({ name: "new task fails, Swarm rolls back", leastSeconds: 0.3, mostSeconds: 15 });
  parts.push({ name: "task scheduled, container started", leastSeconds: 0.3, mostSeconds: 6 });
  const load = loadPart(exchange);
  parts.push(...preparationParts(exchange, load));
  return total([...parts, load, ...probeParts(after, load)]);
}

/** On a network of Swarm, Docker lets connections drain for 2 s before it sends the signal. */
const drainSeconds = 2;

function stopPart({ before, keeper, datasetBytes }: Exchange): OutagePart {
  const grace = stopGraceSeconds(before);
  const most = isKnown(grace) ? grace : 60;
  const drains = isKnown(before.networks) && before.networks.length > 0;
  return {
    name:
      keeper.entry === undefined && most > usualStopSeconds
        ? "old task stops, at the end of its grace period where its program does not heed the signal"
        : "old task stops",
    // Some of it may pass while the port still answers.
    leastSeconds: drains ? 1 : 0,
    mostSeconds: Math.min(drainSeconds + Math.max(1, Math.min(most, stopSeconds(keeper, datasetBytes, before))), 62),
  };
}

/** What a program whose way of stopping is known takes at most, apart from Redis, whose dataset tells. */
const usualStopSeconds = 10;

/**
 * How long a server may take from the signal of a stop to its end. A program that nobody knows may not heed the signal, as the
 * first process of a container ignores each one that it does not handle: then, and where a shell keeps the signal, Docker waits for
 * the end of the grace period.
 */
function stopSeconds(
  { entry, redis }: DataKeeper,
  datasetBytes: number | undefined,
  service: ServiceDefinition,
): number {
  if (isKnown(service.stopSignal) && /^(?:(?:SIG)?KILL|9)$/iu.test(service.stopSignal ?? "")) return 1;
  if (entry === undefined || gracefulStop(service, entry).kind !== "kept") return Infinity;
  if (redis === undefined) return usualStopSeconds;
  if (snapshotAtStop(service, redis, entry).kind !== "kept") return 1;
  const bytes = datasetBytes ?? largestDataset(service, redis);
  return bytes === undefined ? usualStopSeconds : 1 + Math.ceil(bytes / savedBytesPerSecond);
}

function largestDataset({ limits }: ServiceDefinition, redis: RedisDirectives): number | undefined {
  const most = maxMemoryBytes(redis);
  if (isKnown(most) && most !== undefined) return most;
  return isKnown(limits.memoryBytes) ? limits.memoryBytes : undefined;
}

/**
 * The snapshot becomes the base of an append-only file by a link; the other way round a server of its own loads the one, looks
 * once a second whether it has, and writes the other.
 */
function preparationParts(
  { prepares, datasetBytes, before, keeper }: Exchange,
  load: OutagePart,
): readonly OutagePart[] {
  if (prepares === undefined) return [];
  if (prepares === "append-only file")
    return [{ name: "snapshot made an append-only file", leastSeconds: 0, mostSeconds: 2 }];
  const bytes = datasetBytes ?? (keeper.redis && largestDataset(before, keeper.redis));
  const saves = bytes === undefined ? 10 : bytes / savedBytesPerSecond;
  const mostSeconds = round(3 + (load.mostSeconds ?? 0) + saves);
  return [{ name: "append-only file made a snapshot", leastSeconds: 0, mostSeconds }];
}

function loadPart({ keeper, datasetBytes, before, after }: Exchange): OutagePart {
  const name = "data read back";
  if (datasetBytes !== undefined) {
    const seconds = datasetBytes / loadedBytesPerSecond;
    return { name, leastSeconds: round(seconds / 2), mostSeconds: round(seconds * 2 + 1) };
  }
  const largest = keeper.redis === undefined ? undefined : largestDataset(before, keeper.redis);
  const limit = after === undefined || !isKnown(after.limits.memoryBytes) ? undefined : after.limits.memoryBytes;
  // What does not fit into the new memory limit is not read back either.
  const most = largest === undefined ? undefined : Math.min(largest, limit ?? Infinity);
  return { name, leastSeconds: 0, mostSeconds: most === undefined ? 30 : round(1 + most / loadedBytesPerSecond) };
}

/**
 * The name of a service, its virtual address and the ingress network lead to a task only once it is healthy, and Docker probes it
 * for the first time after one interval. A port of the host leads to it at once, and with start-first the old task answers until then.
 *
 * @see https://github.com/moby/moby/blob/v28.0.0/daemon/health.go (`monitor`)
 */
function probeParts({ healthCheck, ports, updateOrder }: ServiceDefinition, load: OutagePart): readonly OutagePart[] {
  if (!isKnown(healthCheck) || healthCheck === undefined || !isKnown(healthCheck.test)) return [];
  const [kind] = healthCheck.test;
  if (kind === undefined || kind === "NONE" || updateOrder === "start-first") return [];
  if (!isKnown(ports) || ports.some(({ publishMode }) => publishMode === "host")) return [];
  const { intervalSeconds, startPeriodSeconds, startIntervalSeconds } = healthCheck;
  if (!isKnown(intervalSeconds) || !isKnown(startPeriodSeconds) || !isKnown(startIntervalSeconds)) return [];
  const interval = secondsOr(intervalSeconds, 30);
  const first = secondsOr(startPeriodSeconds, 0) > 0 ? secondsOr(startIntervalSeconds, 5) : interval;
  return [
    {
      name: "first health probe that passes",
      leastSeconds: round(Math.max(0, Math.min(first, interval) - load.leastSeconds)),
      mostSeconds: Math.max(first, interval) + 1,
    },
  ];
}

/** Docker takes its default for 0, too. */
function secondsOr(seconds: number | undefined, otherwise: number): number {
  return seconds === undefined || seconds === 0 ? otherwise : seconds;
}

function endless(name: string): OutagePart {
  return { name, leastSeconds: 0, mostSeconds: undefined };
}

function total(parts: readonly OutagePart[]): Outage {
  const most = parts.reduce<number | undefined>(
    (sum, { mostSeconds }) => (sum === undefined || mostSeconds === undefined ? undefined : sum + mostSeconds),
    0,
  );
  return {
    leastSeconds: round(parts.reduce((sum, { leastSeconds }) => sum + leastSeconds, 0)),
    mostSeconds: most === undefined ? undefined : Math.ceil(most),
    parts,
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
