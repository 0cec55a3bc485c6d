/**
 * What a stop of a task writes, whatever the program.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/signals/ (SIGTERM and SIGINT save, the others do not)
 */
import type { CatalogueEntry } from "../../model/image/catalogue-entry.ts";
import { scriptInFront } from "../../model/image/command.ts";
import { savedBytesPerSecond } from "../../model/redis/persistence.ts";
import { hasSavePoints, isAppendOnly, redisSetting, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown, type Known, type ServiceDefinition } from "../../model/service/definition.ts";
import { waitForOldTaskSeconds } from "../../model/service/stop-grace.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { byteWords } from "../../text/byte-size.ts";

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

/** What a stop does to the data that is in memory, whatever the program. */
export function stopEffect(
  service: ServiceDefinition,
  { redis, entry, places }: DataKeeper,
  facts: StopFacts,
): StopEffect {
  const readOnly = places.find((place) => place.readOnly === true);
  if (readOnly !== undefined && redis !== undefined) {
    return {
      kind: "at risk",
      path: readOnly.at,
      why: "the data path is mounted read-only, so a stop cannot write what is in memory",
      fix: undefined,
    };
  }
  if (entry?.survivesKill === true) return { kind: "kept" };
  return redis === undefined || entry?.redis === undefined
    ? gracefulStop(service, entry)
    : redisStop(service, redis, entry, facts);
}

/** What a Redis writes when its task is stopped as its definition says. */
export function redisStop(
  service: ServiceDefinition,
  settings: RedisDirectives,
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
  settings: RedisDirectives,
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
  settings: RedisDirectives,
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
