/**
 * What Redis keeps over a restart: what a stop writes, and what a start reads.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/signals/ (SIGTERM and SIGINT save, the others do not)
 * @see https://github.com/redis/redis/issues/12484 (an append-only file that is switched on over a snapshot starts empty)
 */
import type { CatalogueEntry, RedisImageFact } from "../../model/image/catalogue-entry.ts";
import { scriptInFront } from "../../model/image/command.ts";
import { isPartOf } from "../../model/plan/task-template.ts";
import { savedBytesPerSecond } from "../../model/redis/persistence.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import {
  hasSavePoints,
  isAppendOnly,
  redisFiles,
  redisSetting,
  type RedisSettings,
} from "../../model/redis/settings.ts";
import { isKnown, type Known, type ServiceDefinition } from "../../model/service/definition.ts";
import { waitForOldTaskSeconds } from "../../model/service/stop-grace.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { byteWords } from "../../text/format-bytes.ts";
import { readsMultiPart } from "./redis-format.ts";

/** What a stop does to the data that is in memory. */
export type StopEffect =
  | { readonly kind: "kept" }
  | { readonly kind: "lost"; readonly why: string; readonly path: string }
  | {
      readonly kind: "at risk";
      readonly why: string;
      readonly path: string;
      /** What to change in the definition, as it reads before a comma; `undefined` where the server cannot save at all. */
      readonly fix: string | undefined;
    };

/** What bears on a stop besides the definition. */
export interface StopFacts {
  /** Size of the data in memory, where it was asked for. */
  readonly datasetBytes?: number | undefined;
  /** Whether Swarm starts another task on the same files once it has waited for this one. */
  readonly isReplaced?: boolean;
}

/** What a Redis writes when its task is stopped as its definition says. */
export function redisStop(
  service: ServiceDefinition,
  settings: RedisSettings,
  entry: CatalogueEntry,
  facts: StopFacts = {},
): StopEffect {
  const appendOnly = entry.redis && isAppendOnly(settings, entry.redis);
  if (appendOnly === true) return { kind: "kept" };
  const saved = snapshotAtStop(service, settings, entry, facts);
  return saved.kind === "lost" && appendOnly !== false ? gracefulStop(service, entry) : saved;
}

/** Whether a stop leaves a snapshot of what is in memory. */
export function snapshotAtStop(
  service: ServiceDefinition,
  settings: RedisSettings,
  entry: CatalogueEntry,
  facts: StopFacts = {},
): StopEffect {
  const orders = shutdownOrders(service, settings);
  if (hasSavePoints(settings) === false && !orders.value.includes("save")) {
    const { path } = redisSetting(settings, "save");
    return { kind: "lost", path, why: "Redis has no append-only file and no save points, so a stop writes nothing" };
  }
  if (orders.value.includes("nosave")) {
    return {
      kind: "at risk",
      path: orders.path,
      why: "its configuration tells it to stop without a snapshot (nosave)",
      fix: "Take nosave out of the configuration",
    };
  }
  const stop = gracefulStop(service, entry);
  return stop.kind === "kept" ? timelyStop(service, facts) : stop;
}

/** Whether the snapshot is written before the task is killed, and before the next one reads it. */
function timelyStop(service: ServiceDefinition, { datasetBytes = 0, isReplaced = false }: StopFacts): StopEffect {
  const grace = stopGraceSeconds(service);
  const seconds = datasetBytes / savedBytesPerSecond;
  const path = service.paths.stopGrace;
  const takes = `a snapshot of ${byteWords(datasetBytes)} takes about ${Math.ceil(seconds)} s`;
  if (isKnown(grace) && seconds > grace) {
    const why = `${takes}, and its stop grace period is ${grace} s: Docker kills it before it has saved`;
    return { kind: "at risk", path, why, fix: "Set a stop grace period in which the data can be written" };
  }
  if (isReplaced && seconds > waitForOldTaskSeconds) {
    const why = `${takes}, and Swarm starts the next task after ${waitForOldTaskSeconds} s: that reads the files while the old one still writes them`;
    return { kind: "at risk", path, why, fix: "Keep an append-only file, which needs no snapshot at a stop" };
  }
  return { kind: "kept" };
}

/**
 * What Redis is told to do about a stop's signal, such as `save` without save points.
 *
 * @see https://github.com/redis/redis/blob/7.0/redis.conf (`shutdown-on-sigterm`)
 */
function shutdownOrders(
  { stopSignal }: ServiceDefinition,
  settings: RedisSettings,
): { readonly value: readonly string[]; readonly path: string } {
  const isInterrupt = isKnown(stopSignal) && /^(?:(?:SIG)?INT|2)$/iu.test(stopSignal ?? "");
  const { value, path } = redisSetting(settings, isInterrupt ? "shutdown-on-sigint" : "shutdown-on-sigterm");
  return { value: isKnown(value) ? (value ?? "").toLowerCase().split(/\s+/u) : [], path };
}

/** Whether a task gets the signal and the time to write what it has in memory. */
export function gracefulStop(service: ServiceDefinition, entry: CatalogueEntry | undefined): StopEffect {
  const { stopSignal, origin, paths } = service;
  if (isKnown(stopSignal) && stopSignal !== undefined && !/^(?:|(?:SIG)?(?:TERM|INT)|2|15)$/iu.test(stopSignal)) {
    const why = `it is stopped with ${stopSignal}, on which it does not save`;
    return { kind: "at risk", path: paths.stopSignal, why, fix: "Leave the stop signal out, which is SIGTERM then" };
  }
  const grace = stopGraceSeconds(service);
  if (isKnown(grace) && grace < 1) {
    const why =
      origin === "pulumi" && service.stopGraceSeconds === undefined
        ? "its stop grace period is unset, which the provider sends as 0 s: Docker kills it before it has saved"
        : `its stop grace period is ${grace} s: Docker kills it before it has saved`;
    const fix = "Set a stop grace period in which the data can be written";
    return { kind: "at risk", path: paths.stopGrace, why, fix };
  }
  const script = scriptInFront(service, entry?.commands?.servers ?? []);
  if (script === undefined) return { kind: "kept" };
  return {
    kind: "at risk",
    path: script.path,
    why: "a shell starts it without `exec` and keeps the stop signal for itself: Docker kills it at the end of the grace period, before it has saved",
    fix: "Write `exec` before the server in the script, as its last command",
  };
}

/** The time that a stopped task gets; the provider sends 0 s where the program says nothing, Docker takes 10 s. */
export function stopGraceSeconds(service: ServiceDefinition): Known<number> {
  const { stopGraceSeconds: grace, origin } = service;
  if (!isKnown(grace) || grace !== undefined) return grace;
  return origin === "pulumi" ? 0 : 10;
}

/** What a start finds of what the last stop wrote into the same directory. */
export type StartEffect =
  | {
      readonly kind: "loads";
      /** What its start script makes of the old file first, and where that is decided. */
      readonly prepared?: { readonly file: PreparedFile; readonly path: string };
    }
  | {
      readonly kind: "empty";
      readonly why: string;
      readonly path: string;
      readonly overwrites: boolean;
      /** What there is not: a file, or one of that name. */
      readonly lacks: "snapshot" | "append-only file" | "name";
    }
  | {
      readonly kind: "at risk";
      readonly why: string;
      readonly path: string;
      /** It throws its own data away for its primary's. */
      readonly isReplica?: true;
    }
  | { readonly kind: "not known"; readonly why: string; readonly path: string };

/** One side of a restart. */
export interface RedisSide {
  readonly settings: RedisSettings;
  readonly image: RedisImageFact;
  /** What its start script makes the files into before the server starts. */
  readonly prepares?: PreparedFile | undefined;
  /** Whether its append-only file has a folder of its own, as from Redis 7.0 on: a start script knows no other. */
  readonly hasMultiPart?: boolean;
}

/** A service as one side of a restart; `undefined` for one that speaks no Redis. */
export function redisSide({ image }: ServiceDefinition, { redis, entry, prepares }: DataKeeper): RedisSide | undefined {
  if (redis === undefined || entry?.redis === undefined) return undefined;
  return { settings: redis, image: entry.redis, prepares, hasMultiPart: readsMultiPart({ image, entry }) };
}

/** What decides between the two sides of a restart. */
export interface RestartFacts {
  /** What a stop of the old server does to its snapshot. */
  readonly snapshot: StopEffect;
  /** Paths that the plan says change although their values are hidden. */
  readonly hiddenChanges: readonly string[];
}

/** Compares what the old server wrote with what the new one reads, both in the same directory. */
export function redisStart(before: RedisSide, after: RedisSide, facts: RestartFacts): StartEffect {
  const found = findFiles(before, after, facts);
  const [old, next] = [primaryOf(before.settings), primaryOf(after.settings)];
  if (found.kind !== "loads" || next.value === undefined || next.value === old.value) return found;
  const why = "it becomes a replica, which throws its own data away as soon as it reaches its primary";
  return { kind: "at risk", path: next.path, why, isReplica: true };
}

/** The server that a Redis follows; `undefined` for a primary, and where nothing is seen of one. */
function primaryOf(settings: RedisSettings): { readonly value: string | undefined; readonly path: string } {
  const written = settings.settings.findLast(({ name }) => name === "replicaof" || name === "slaveof");
  if (written === undefined) return { value: undefined, path: settings.path };
  const value = written.values.map((word) => (isKnown(word) ? word : "…")).join(" ");
  return { value: value.toLowerCase() === "no one" ? undefined : value, path: written.path };
}

/**
 * What the new server's start script makes of the old one's file; `undefined` where the file is of the right kind already, where
 * no script of Holdfast's runs, and where it would not find the file.
 */
export function preparation(before: RedisSide, after: RedisSide): PreparedFile | undefined {
  const [was, is] = [before, after].map(({ settings, image }) => isAppendOnly(settings, image));
  const wanted: PreparedFile | undefined =
    was === false && is === true ? "append-only file" : was === true && is === false ? "snapshot" : undefined;
  if (wanted === undefined || after.prepares !== wanted) return undefined;
  const names = Object.keys(redisFiles) as (keyof typeof redisFiles)[]; // Its keys are these.
  const areUsual = [before, after].every(({ settings }) =>
    names.every((name) => {
      const { value } = redisSetting(settings, name);
      return isKnown(value) && (value ?? redisFiles[name]) === redisFiles[name];
    }),
  );
  const isFound = wanted === "append-only file" || before.prepares !== undefined || before.hasMultiPart === true;
  return areUsual && isFound ? wanted : undefined;
}

function findFiles(before: RedisSide, after: RedisSide, facts: RestartFacts): StartEffect {
  const [wasAppendOnly, appendOnly] = [
    isAppendOnly(before.settings, before.image),
    isAppendOnly(after.settings, after.image),
  ];
  const { path } = redisSetting(after.settings, "appendonly");
  const same = (...names: (keyof typeof redisFiles)[]): StartEffect => sameFiles(before, after, names, facts);
  if (!isKnown(wasAppendOnly) || !isKnown(appendOnly)) {
    if (isKnown(wasAppendOnly) === isKnown(appendOnly) && !mayDiffer(before, after, "appendonly", facts))
      return same("dbfilename", "appenddirname");
    const why =
      isKnown(wasAppendOnly) || isKnown(appendOnly)
        ? "whether the append-only file is on cannot be seen on both sides of the change"
        : "the configuration of Redis changes where it cannot be seen, and may switch the append-only file on or off";
    return { kind: "not known", path, why };
  }
  const file = preparation(before, after);
  // The append-only file has all; a snapshot has what the stop of the old server has written.
  if (file === "snapshot" || (file !== undefined && facts.snapshot.kind === "kept"))
    return { kind: "loads", prepared: { file, path } };
  if (file !== undefined && facts.snapshot.kind === "at risk") {
    const why = `the append-only file begins with the snapshot, and the old task may not have written one: ${facts.snapshot.why}`;
    return { kind: "at risk", path, why };
  }
  if (!wasAppendOnly && appendOnly) {
    return {
      kind: "empty",
      path,
      overwrites: hasSavePoints(after.settings) !== false,
      why: "the append-only file is switched on over a snapshot: Redis reads the append-only file alone, which is not there yet",
      lacks: "append-only file",
    };
  }
  if (!wasAppendOnly || appendOnly) return appendOnly ? same("appenddirname", "appendfilename") : same("dbfilename");
  const { snapshot } = facts;
  if (snapshot.kind === "lost") {
    return {
      kind: "empty",
      path,
      overwrites: false,
      why: "the append-only file is switched off and no save point has written a snapshot that Redis could read instead",
      lacks: "snapshot",
    };
  }
  if (snapshot.kind === "at risk") {
    const why = `the append-only file is switched off, so Redis reads the snapshot alone, and the old task may not have written one: ${snapshot.why}`;
    return { kind: "at risk", path, why };
  }
  return same("dbfilename");
}

/** Whether a setting that cannot be seen on both sides may be another one: its source is another, or the plan says that it changes. */
function mayDiffer(before: RedisSide, after: RedisSide, name: string, { hiddenChanges }: RestartFacts): boolean {
  if (before.settings.unseen !== after.settings.unseen) return true;
  const { path, isWritten } = redisSetting(after.settings, name);
  if (!isWritten && isKnown(after.settings.unseen)) return false;
  const places = isWritten ? [path] : after.settings.unseenPaths;
  return hiddenChanges.some((hidden) => places.some((place) => isPartOf(hidden, place) || isPartOf(place, hidden)));
}

function sameFiles(
  before: RedisSide,
  after: RedisSide,
  names: readonly (keyof typeof redisFiles)[],
  facts: RestartFacts,
): StartEffect {
  for (const name of names) {
    const [old, next] = [redisSetting(before.settings, name), redisSetting(after.settings, name)];
    if (!isKnown(old.value) || !isKnown(next.value)) {
      // A configuration that cannot be seen hardly ever names other files.
      if (!next.isWritten || (!isKnown(old.value) && !mayDiffer(before, after, name, facts))) continue;
      return { kind: "not known", path: next.path, why: `whether ${name} changes cannot be seen` };
    }
    if ((old.value ?? redisFiles[name]) === (next.value ?? redisFiles[name])) continue;
    const why = `Redis looks for another ${name}, which is not there`;
    return { kind: "empty", path: next.path, overwrites: false, why, lacks: "name" };
  }
  return { kind: "loads" };
}
