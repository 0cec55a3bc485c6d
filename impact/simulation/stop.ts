/**
 * What a stop of a task writes, whatever the program.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/signals/ (SIGTERM and SIGINT save, the others do not)
 */
import type { CatalogueEntry } from "../../model/image/catalogue-entry.ts";
import { scriptInFront } from "../../model/image/command.ts";
import { savedBytesPerSecond } from "../../model/redis/persistence.ts";
import { hasSavePoints, redisSetting, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown, type Known, type ServiceDefinition } from "../../model/service/definition.ts";
import { waitForOldTaskSeconds } from "../../model/service/stop-grace.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { byteWords } from "../../text/byte-size.ts";
import type { RedisServer } from "./redis-format.ts";

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

/** How a definition has its task stopped, whatever the size of the data. */
export interface TaskStop {
  /** The time that a stopped task gets; the provider sends 0 s where the program says nothing, Docker takes 10 s. */
  readonly graceSeconds: Known<number>;
  /** Where the definition says it. */
  readonly gracePath: string;
  /** The signal is SIGKILL, so nothing is written. */
  readonly isKilled: boolean;
  /** Whether the server gets the signal, and time to act on it. */
  readonly signal: StopEffect;
  /** Whether Redis writes a snapshot; `undefined` for a program that does not speak Redis. */
  readonly snapshot: StopEffect | undefined;
  /** What happens to what is in memory. */
  readonly memory: StopEffect;
  /** Nothing but the snapshot keeps what is in memory. */
  readonly needsSnapshot: boolean;
}

/** What bears on a stop besides the definition. */
export interface StopFacts {
  /** Size of the data in memory, if it is known. */
  readonly datasetBytes?: number | undefined;
  /** Whether Swarm starts another task on the same files after it has waited for this one. */
  readonly isReplaced?: boolean;
}

const kept: StopEffect = { kind: "kept" };

/** How a service's task is stopped. */
export function taskStop(
  service: ServiceDefinition,
  { entry, places }: DataKeeper,
  redis: RedisServer | undefined,
): TaskStop {
  const { stopGraceSeconds: grace, origin, stopSignal, paths } = service;
  const graceSeconds = grace === undefined ? (origin === "pulumi" ? 0 : 10) : grace;
  const signal = signalEffect(service, graceSeconds, entry);
  const snapshot = redis && snapshotWritten(service, redis.settings, signal);
  const isKilled = isSignal(stopSignal, /^(?:(?:SIG)?KILL|9)$/iu);
  const stop = (memory: StopEffect, needsSnapshot = false): TaskStop => {
    return { graceSeconds, gracePath: paths.stopGrace, isKilled, signal, snapshot, memory, needsSnapshot };
  };
  const readOnly = places.find((place) => place.readOnly === true);
  if (readOnly !== undefined && redis !== undefined) {
    const why = "the data path is mounted read-only, so a stop cannot write what is in memory";
    return stop({ kind: "at risk", path: readOnly.at, why, fix: undefined });
  }
  if (entry?.survivesKill === true) return stop(kept);
  if (snapshot === undefined) return stop(signal);
  if (redis?.isAppendOnly === true) return stop(kept);
  return snapshot.kind === "lost" && redis?.isAppendOnly !== false ? stop(signal) : stop(snapshot, true);
}

/** What a stop does to what is in memory, whatever the program. */
export function stopEffect(stop: TaskStop, facts: StopFacts = {}): StopEffect {
  return stop.needsSnapshot ? snapshotEffect(stop, facts) : stop.memory;
}

/** Whether the snapshot of a Redis is written before the task is killed, and before the next one reads it. */
export function snapshotEffect(
  { snapshot = kept, graceSeconds: grace, gracePath: path }: TaskStop,
  { datasetBytes = 0, isReplaced = false }: StopFacts = {},
): StopEffect {
  if (snapshot.kind !== "kept") return snapshot;
  const seconds = datasetBytes / savedBytesPerSecond;
  const takes = `a snapshot of ${byteWords(datasetBytes)} takes about ${Math.ceil(seconds)} s`;
  if (isKnown(grace) && seconds > grace) {
    const why = `${takes}, and its stop grace period is ${grace} s: Docker kills it before it has saved`;
    return { kind: "at risk", path, why, fix: graceFix };
  }
  if (isReplaced && seconds > waitForOldTaskSeconds) {
    const why = `${takes}, and Swarm starts the next task after ${waitForOldTaskSeconds} s: that reads the files while the old one still writes them`;
    return { kind: "at risk", path, why, fix: "Keep an append-only file, which needs no snapshot at a stop" };
  }
  return kept;
}

const graceFix = "Set a stop grace period in which the data can be written";

/** Whether a stop leaves a snapshot of what is in memory, if there is time to write it. */
function snapshotWritten(service: ServiceDefinition, settings: RedisDirectives, signal: StopEffect): StopEffect {
  const { value, path } = shutdownOrders(service, settings);
  const orders = isKnown(value) ? (value ?? "").toLowerCase().split(/\s+/u) : [];
  if (hasSavePoints(settings) === false && !orders.includes("save")) {
    const why = "Redis has no append-only file and no save points, so a stop writes nothing";
    return { kind: "lost", path: redisSetting(settings, "save").path, why };
  }
  if (!orders.includes("nosave")) return signal;
  const why = "its configuration tells it to stop without a snapshot (nosave)";
  return { kind: "at risk", path, why, fix: "Take nosave out of the configuration" };
}

/**
 * What Redis does at a stop's signal, such as `save` without save points.
 *
 * @see https://github.com/redis/redis/blob/7.0/redis.conf (`shutdown-on-sigterm`)
 */
function shutdownOrders({ stopSignal }: ServiceDefinition, settings: RedisDirectives) {
  const isInterrupt = isSignal(stopSignal, /^(?:(?:SIG)?INT|2)$/iu);
  return redisSetting(settings, isInterrupt ? "shutdown-on-sigint" : "shutdown-on-sigterm");
}

function isSignal(signal: ServiceDefinition["stopSignal"], form: RegExp): boolean {
  return isKnown(signal) && form.test(signal ?? "");
}

/** Whether a task gets the signal and the time to write what it has in memory. */
function signalEffect(service: ServiceDefinition, grace: Known<number>, entry: CatalogueEntry | undefined): StopEffect {
  const { stopSignal, origin, paths } = service;
  if (isKnown(stopSignal) && stopSignal !== undefined && !/^(?:|(?:SIG)?(?:TERM|INT)|2|15)$/iu.test(stopSignal)) {
    const why = `it is stopped with ${stopSignal}, on which it does not save`;
    return { kind: "at risk", path: paths.stopSignal, why, fix: "Leave the stop signal out, which is SIGTERM then" };
  }
  if (isKnown(grace) && grace < 1) {
    const why =
      origin === "pulumi" && service.stopGraceSeconds === undefined
        ? "its stop grace period is unset, which the provider sends as 0 s: Docker kills it before it has saved"
        : `its stop grace period is ${grace} s: Docker kills it before it has saved`;
    return { kind: "at risk", path: paths.stopGrace, why, fix: graceFix };
  }
  const script = scriptInFront(service, entry?.commands?.servers ?? []);
  if (script === undefined) return kept;
  return {
    kind: "at risk",
    path: script.path,
    why: "a shell starts it without `exec` and keeps the stop signal for itself: Docker kills it at the end of the grace period, before it has saved",
    fix: "Write `exec` before the server in the script, as its last command",
  };
}
