/**
 * What Redis reads when it starts, of what the last stop has written.
 *
 * @see https://github.com/redis/redis/issues/12484 (an append-only file that is switched on over a snapshot starts empty)
 */
import { isPartOf } from "../../model/plan/task-template.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import { hasSavePoints, redisFiles, redisSetting, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { readsMultiPart, type RedisServer } from "./redis-format.ts";
import type { StopEffect } from "./stop.ts";

/** What a start finds of what the last stop wrote into the same directory. */
export type StartEffect = {
  /** The setting that decides it. */
  readonly path: string;
  /** What the new server's start script makes of the old file first. */
  readonly prepares?: PreparedFile | undefined;
} & (
  | { readonly kind: "loads" }
  | { readonly kind: "not known"; readonly why: string }
  | {
      readonly kind: "empty";
      readonly why: string;
      readonly overwrites: boolean;
      /** What there is not: a file, or one of that name. */
      readonly lacks: "snapshot" | "append-only file" | "name";
    }
  | {
      readonly kind: "at risk";
      readonly why: string;
      /** It drops its own data for its primary's. */
      readonly isReplica?: true;
    }
);

/** What decides between the two sides of a restart. */
export interface RestartFacts {
  /** What a stop of the old server does to its snapshot. */
  readonly snapshot: StopEffect;
  /** Paths that the plan says change although their values are hidden. */
  readonly hiddenChanges: readonly string[];
}

/** Compares what the old server wrote with what the new one reads, both in the same directory. */
export function redisStartEffect(before: RedisServer, after: RedisServer, facts: RestartFacts): StartEffect {
  const prepares = preparation(before, after);
  const found = { ...findFiles(before, after, prepares, facts), prepares };
  const [old, next] = [primaryOf(before.settings), primaryOf(after.settings)];
  if (found.kind !== "loads" || next.value === undefined || next.value === old.value) return found;
  const why = "it becomes a replica, which throws its own data away as soon as it reaches its primary";
  return { kind: "at risk", path: next.path, why, isReplica: true, prepares };
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
function preparation(before: RedisServer, after: RedisServer): PreparedFile | undefined {
  const [was, is] = [before.isAppendOnly, after.isAppendOnly];
  const wanted: PreparedFile | undefined =
    was === false && is === true ? "append-only file" : was === true && is === false ? "snapshot" : undefined;
  if (wanted === undefined || after.prepares !== wanted) return undefined;
  const areUsual = [before, after].every(({ settings }) =>
    Object.entries(redisFiles).every(([name, usual]) => {
      const { value } = redisSetting(settings, name);
      return isKnown(value) && (value ?? usual) === usual;
    }),
  );
  // A start script knows no append-only file but one with its own folder, as Redis has it from 7.0 on.
  const isFound = wanted === "append-only file" || before.prepares !== undefined || readsMultiPart(before);
  return areUsual && isFound ? wanted : undefined;
}

function findFiles(
  before: RedisServer,
  after: RedisServer,
  prepares: PreparedFile | undefined,
  facts: RestartFacts,
): StartEffect {
  const [was, is] = [before.isAppendOnly, after.isAppendOnly];
  const { snapshot } = facts;
  const { path } = redisSetting(after.settings, "appendonly");
  const same = (...names: (keyof typeof redisFiles)[]): StartEffect => sameFiles(before, after, path, names, facts);
  if (!isKnown(was) || !isKnown(is)) {
    if (isKnown(was) === isKnown(is) && !mayDiffer(before, after, "appendonly", facts))
      return same("dbfilename", "appenddirname");
    const why =
      isKnown(was) || isKnown(is)
        ? "whether the append-only file is on cannot be seen on both sides of the change"
        : "the configuration of Redis changes where it cannot be seen, and may switch the append-only file on or off";
    return { kind: "not known", path, why };
  }
  if (was === is) return is ? same("appenddirname", "appendfilename") : same("dbfilename");
  // The append-only file has all; a snapshot has what the stop of the old server has written.
  if (prepares === "snapshot") return { kind: "loads", path };
  if (snapshot.kind === "lost" || (is && prepares === undefined)) {
    return is
      ? {
          kind: "empty",
          path,
          overwrites: hasSavePoints(after.settings) !== false,
          why: "the append-only file is switched on over a snapshot: Redis reads only the append-only file, which does not exist yet",
          lacks: "append-only file",
        }
      : {
          kind: "empty",
          path,
          overwrites: false,
          why: "the append-only file is switched off and no save point has written a snapshot that Redis could read instead",
          lacks: "snapshot",
        };
  }
  if (snapshot.kind === "kept") return is ? { kind: "loads", path } : same("dbfilename");
  const reads = is
    ? "the append-only file begins with the snapshot"
    : "the append-only file is switched off, so Redis reads only the snapshot";
  return { kind: "at risk", path, why: `${reads}, and the old task may not have written one: ${snapshot.why}` };
}

/** Whether a setting that cannot be seen on both sides may be another one: its source is another, or the plan says that it changes. */
function mayDiffer(before: RedisServer, after: RedisServer, name: string, { hiddenChanges }: RestartFacts): boolean {
  if (before.settings.unseen !== after.settings.unseen) return true;
  const { path, isWritten } = redisSetting(after.settings, name);
  if (!isWritten && isKnown(after.settings.unseen)) return false;
  const places = isWritten ? [path] : after.settings.unseenPaths;
  return hiddenChanges.some((hidden) => places.some((place) => isPartOf(hidden, place) || isPartOf(place, hidden)));
}

function sameFiles(
  before: RedisServer,
  after: RedisServer,
  path: string,
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
  return { kind: "loads", path };
}
