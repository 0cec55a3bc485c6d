/**
 * What Redis keeps over a restart: what a stop writes, and what a start reads.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/signals/ (SIGTERM and SIGINT save, the others do not)
 * @see https://github.com/redis/redis/issues/12484 (an append-only file that is switched on over a snapshot starts empty)
 */
import type { RedisImageFact } from "./catalogue-entry.ts";
import { hasSavePoints, isAppendOnly, redisFiles, redisSetting, type RedisSettings } from "./redis-settings.ts";
import { isKnown, type Known, type ServiceDefinition } from "./service-definition.ts";

/** What a stop does to the data that is in memory. */
export type StopEffect =
  { readonly kind: "kept" } | { readonly kind: "at risk" | "lost"; readonly why: string; readonly path: string };

/** What a Redis writes when its task is stopped as its definition says. */
export function redisStop(service: ServiceDefinition, settings: RedisSettings, image: RedisImageFact): StopEffect {
  const appendOnly = isAppendOnly(settings, image);
  if (appendOnly === true) return { kind: "kept" };
  const orders = shutdownOrders(service, settings);
  if (orders.value.includes("nosave")) {
    return {
      kind: "at risk",
      path: orders.path,
      why: "its configuration tells it to stop without a snapshot (nosave)",
    };
  }
  if (appendOnly === false && hasSavePoints(settings) === false && !orders.value.includes("save")) {
    const { path } = redisSetting(settings, "save");
    return { kind: "lost", path, why: "Redis has no append-only file and no save points, so a stop writes nothing" };
  }
  return gracefulStop(service);
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
export function gracefulStop(service: ServiceDefinition): StopEffect {
  const { stopSignal, origin, paths } = service;
  if (isKnown(stopSignal) && stopSignal !== undefined && !/^(?:|(?:SIG)?(?:TERM|INT)|2|15)$/iu.test(stopSignal)) {
    return {
      kind: "at risk",
      path: paths.stopGrace,
      why: `it is stopped with ${stopSignal}, on which it does not save`,
    };
  }
  const grace = stopGraceSeconds(service);
  if (isKnown(grace) && grace < 1) {
    const why =
      origin === "pulumi" && service.stopGraceSeconds === undefined
        ? "its stop grace period is unset, which the provider sends as 0 s: Docker kills it before it has saved"
        : `its stop grace period is ${grace} s: Docker kills it before it has saved`;
    return { kind: "at risk", path: paths.stopGrace, why };
  }
  return { kind: "kept" };
}

/** The time that a stopped task gets; the provider sends 0 s where the program says nothing, Docker takes 10 s. */
export function stopGraceSeconds(service: ServiceDefinition): Known<number> {
  const { stopGraceSeconds: grace, origin } = service;
  if (!isKnown(grace) || grace !== undefined) return grace;
  return origin === "pulumi" ? 0 : 10;
}

/** What a start finds of what the last stop wrote into the same directory. */
export type StartEffect =
  | { readonly kind: "loads" }
  | { readonly kind: "empty"; readonly why: string; readonly path: string; readonly overwrites: boolean }
  | { readonly kind: "at risk"; readonly why: string; readonly path: string }
  | { readonly kind: "not known"; readonly why: string; readonly path: string };

/** Compares what the old server wrote with what the new one reads, both in the same directory. */
export function redisStart(
  before: RedisSettings,
  after: RedisSettings,
  images: { before: RedisImageFact; after: RedisImageFact },
): StartEffect {
  const found = findFiles(before, after, images);
  const [old, next] = [primaryOf(before), primaryOf(after)];
  if (found.kind !== "loads" || next.value === undefined || next.value === old.value) return found;
  const why = "it becomes a replica, which throws its own data away as soon as it reaches its primary";
  return { kind: "at risk", path: next.path, why };
}

/** The server that a Redis follows; `undefined` for a primary, and where nothing is seen of one. */
function primaryOf(settings: RedisSettings): { readonly value: string | undefined; readonly path: string } {
  const written = settings.settings.findLast(({ name }) => name === "replicaof" || name === "slaveof");
  if (written === undefined) return { value: undefined, path: settings.path };
  const value = written.values.map((word) => (isKnown(word) ? word : "…")).join(" ");
  return { value: value.toLowerCase() === "no one" ? undefined : value, path: written.path };
}

function findFiles(
  before: RedisSettings,
  after: RedisSettings,
  images: { before: RedisImageFact; after: RedisImageFact },
): StartEffect {
  const [wasAppendOnly, appendOnly] = [isAppendOnly(before, images.before), isAppendOnly(after, images.after)];
  const { path } = redisSetting(after, "appendonly");
  // What cannot be seen on both sides is taken to be the same on both.
  if (!isKnown(wasAppendOnly) && !isKnown(appendOnly)) return sameFiles(before, after, ["dbfilename", "appenddirname"]);
  if (!isKnown(wasAppendOnly) || !isKnown(appendOnly)) {
    return {
      kind: "not known",
      path,
      why: "whether the append-only file is on cannot be seen on both sides of the change",
    };
  }
  if (!wasAppendOnly && appendOnly) {
    return {
      kind: "empty",
      path,
      overwrites: hasSavePoints(after) !== false,
      why: "the append-only file is switched on over a snapshot: Redis reads the append-only file alone, which is not there yet",
    };
  }
  if (wasAppendOnly && !appendOnly) {
    if (hasSavePoints(before) === false) {
      return {
        kind: "empty",
        path,
        overwrites: false,
        why: "the append-only file is switched off and no save point has written a snapshot that Redis could read instead",
      };
    }
    return sameFiles(before, after, ["dbfilename"]);
  }
  return sameFiles(before, after, appendOnly ? ["appenddirname", "appendfilename"] : ["dbfilename"]);
}

function sameFiles(
  before: RedisSettings,
  after: RedisSettings,
  names: readonly (keyof typeof redisFiles)[],
): StartEffect {
  for (const name of names) {
    const [old, next] = [redisSetting(before, name), redisSetting(after, name)];
    if (!isKnown(old.value) || !isKnown(next.value)) continue;
    if ((old.value ?? redisFiles[name]) === (next.value ?? redisFiles[name])) continue;
    const why = `${name} changes, so Redis looks for a file that is not there`;
    return { kind: "empty", path: next.path, overwrites: false, why };
  }
  return { kind: "loads" };
}
