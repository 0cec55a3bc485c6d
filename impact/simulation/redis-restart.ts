/**
 * What Redis reads when it starts, of what the last stop has written.
 *
 * @see https://github.com/redis/redis/issues/12484 (an append-only file that is switched on over a snapshot starts empty)
 */
import type { RedisImageFact } from "../../model/image/catalogue-entry.ts";
import { isPartOf } from "../../model/plan/task-template.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import {
  hasSavePoints,
  isAppendOnly,
  redisFiles,
  redisSetting,
  type RedisDirectives,
} from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { readsMultiPart } from "./redis-format.ts";
import type { Side } from "./side.ts";
import type { StopEffect } from "./stop.ts";

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
  readonly settings: RedisDirectives;
  readonly image: RedisImageFact;
  /** What its start script makes the files into before the server starts. */
  readonly prepares?: PreparedFile | undefined;
  /** Whether its append-only file has a folder of its own, as from Redis 7.0 on: a start script knows no other. */
  readonly hasMultiPart?: boolean;
}

/** One side of a change as one side of a restart; `undefined` for one that speaks no Redis. */
export function redisSide({ service, keeper }: Side): RedisSide | undefined {
  const { redis, entry, prepares } = keeper;
  const { image } = service.definition;
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
export function redisStartEffect(before: RedisSide, after: RedisSide, facts: RestartFacts): StartEffect {
  const found = findFiles(before, after, facts);
  const [old, next] = [primaryOf(before.settings), primaryOf(after.settings)];
  if (found.kind !== "loads" || next.value === undefined || next.value === old.value) return found;
  const why = "it becomes a replica, which throws its own data away as soon as it reaches its primary";
  return { kind: "at risk", path: next.path, why, isReplica: true };
}

/** The server that a Redis follows; `undefined` for a primary, and where nothing is seen of one. */
function primaryOf(settings: RedisDirectives): { readonly value: string | undefined; readonly path: string } {
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
