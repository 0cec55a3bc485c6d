/** How long a service does not answer while its task is replaced: the sum of measured parts. */
import { savedBytesPerSecond } from "../../model/redis/persistence.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import type { ServiceChange } from "./facts.ts";
import type { StartEffect } from "./redis-restart.ts";
import type { Course, ExchangeCourse } from "./task-course.ts";

/** A downtime, as a range. */
export interface Outage {
  readonly leastSeconds: number;
  /** `undefined`: until someone intervenes. */
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

const noOutage: Outage = { leastSeconds: 0, mostSeconds: 0, parts: [] };

/** What decides how long an outage takes. */
export interface OutageFacts extends Pick<ServiceChange, "before" | "down" | "datasetBytes"> {
  readonly step: Pick<ServiceChange["step"], "operation">;
  readonly start: StartEffect | undefined;
}

/** How fast Redis reads a snapshot (measured, Redis 7.0.15, two shared cores). */
const loadedBytesPerSecond = 170e6;

/** Estimates a service's outage. */
export function outageOf(facts: OutageFacts, course: Course): Outage {
  const isDownNow = facts.down !== undefined;
  if (facts.before.service.definition.replicas === 0) return noOutage;
  if (course.kind === "keeps running")
    return isDownNow ? { leastSeconds: 0, mostSeconds: undefined, parts: [], isDownNow } : noOutage;
  const parts = [
    ...(isDownNow ? [] : [stopPart(facts)]),
    ...(course.kind === "stopped" ? [gone] : startParts(facts, course)),
  ];
  const most = parts.reduce<number | undefined>(
    (sum, { mostSeconds }) => (sum === undefined || mostSeconds === undefined ? undefined : sum + mostSeconds),
    0,
  );
  // Where the old task may stay, or runs until the new one does, there may be no outage at all.
  const mayBeNone = course.kind === "exchanged" && (!course.isCertain || course.overlaps);
  return {
    leastSeconds: mayBeNone ? 0 : round(parts.reduce((sum, { leastSeconds }) => sum + leastSeconds, 0)),
    mostSeconds: most === undefined ? undefined : Math.ceil(most),
    parts,
    ...(isDownNow && { isDownNow }),
  };
}

const gone = endless("until the service runs again");

/** The time between the stop of the old task and the first answer of the new one. */
function startParts(facts: OutageFacts, { after, cannotStart, isTakenBack }: ExchangeCourse): readonly OutagePart[] {
  const [{ image: old }, next] = [facts.before.service.definition, after.service.definition];
  const isReplaced = facts.step.operation !== "update";
  const isOtherImage = (["repository", "tag", "digest"] as const).some((field) => old[field] !== next.image[field]);
  if (next.replicas === 0) return [gone];
  const load = loadPart(facts, next);
  return [
    ...part(isReplaced, "the old service is removed, the new one created", 0.5, 8),
    ...(cannotStart !== undefined && !isTakenBack
      ? [endless("the new task cannot start")]
      : [
          ...part(isOtherImage, "image pulled, where the node does not have it", 0, 120),
          ...part(isTakenBack, "new task fails, Swarm rolls back", 0.3, 15),
          ...part(true, "task scheduled, container started", 0.3, 6),
          ...preparationParts(facts, load),
          load,
          ...probeParts(next, load),
        ]),
  ];
}

function part(isPart: boolean, name: string, leastSeconds: number, mostSeconds: number): readonly OutagePart[] {
  return isPart ? [{ name, leastSeconds, mostSeconds }] : [];
}

/** On a network of Swarm, Docker lets connections drain for 2 s before it sends the signal. */
const drainSeconds = 2;

function stopPart(facts: OutageFacts): OutagePart {
  const { definition } = facts.before.service;
  const { keeper, stop } = facts.before;
  const most = isKnown(stop.graceSeconds) ? stop.graceSeconds : 60;
  const drains = isKnown(definition.networks) && definition.networks.length > 0;
  return {
    name:
      keeper.entry === undefined && most > usualStopSeconds
        ? "old task stops, at the end of its grace period where its program does not heed the signal"
        : "old task stops",
    // The port may still answer for part of it.
    leastSeconds: drains ? 1 : 0,
    mostSeconds: Math.min(drainSeconds + Math.max(1, Math.min(most, stopSeconds(facts))), 62),
  };
}

/** How long a program takes at most if it is known how it stops, apart from Redis, whose dataset decides. */
const usualStopSeconds = 10;

/**
 * How long a server may take from the signal of a stop to its end. An unknown program may ignore the signal, as the first process
 * of a container ignores each one that it does not handle: then, and where a shell keeps the signal, Docker waits for the end of
 * the grace period.
 */
function stopSeconds(facts: OutageFacts): number {
  const { keeper, stop } = facts.before;
  if (stop.isKilled) return 1;
  if (keeper.entry === undefined || stop.signal.kind !== "kept") return Infinity;
  if (stop.snapshot === undefined) return usualStopSeconds;
  if (stop.snapshot.kind !== "kept") return 1;
  const bytes = datasetBytes(facts);
  return bytes === undefined ? usualStopSeconds : 1 + Math.ceil(bytes / savedBytesPerSecond);
}

/** The size of the dataset of a Redis, or the largest that it may have. */
function datasetBytes({ before, datasetBytes: bytes }: OutageFacts): number | undefined {
  if (bytes !== undefined || before.redis === undefined) return bytes;
  const { maxMemoryBytes: most } = before.redis;
  if (isKnown(most) && most !== undefined) return most;
  const { memoryBytes: limit } = before.service.definition.limits;
  return isKnown(limit) ? limit : undefined;
}

/**
 * A snapshot becomes the base of an append-only file by a link; the other way round, a temporary server loads the log, checks
 * once a second whether it has finished, and writes the snapshot.
 */
function preparationParts(facts: OutageFacts, load: OutagePart): readonly OutagePart[] {
  const prepares = facts.start?.prepares;
  if (prepares !== "snapshot") return part(prepares !== undefined, "snapshot made an append-only file", 0, 2);
  const bytes = datasetBytes(facts);
  const saves = bytes === undefined ? 10 : bytes / savedBytesPerSecond;
  return part(true, "append-only file made a snapshot", 0, round(3 + (load.mostSeconds ?? 0) + saves));
}

function loadPart(facts: OutageFacts, { limits }: ServiceDefinition): OutagePart {
  const name = "data read back";
  if (facts.datasetBytes !== undefined) {
    const seconds = facts.datasetBytes / loadedBytesPerSecond;
    return { name, leastSeconds: round(seconds / 2), mostSeconds: round(seconds * 2 + 1) };
  }
  const largest = datasetBytes(facts);
  const limit = isKnown(limits.memoryBytes) ? limits.memoryBytes : undefined;
  // Data beyond the new memory limit is not loaded either.
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

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
