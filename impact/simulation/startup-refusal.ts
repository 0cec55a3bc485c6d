/** Why a server does not start on the files of another version or product. */
import { posix } from "node:path";
import type { DataPathFact } from "../../model/image/catalogue-entry.ts";
import { majorVersion } from "../../model/image/catalogue.ts";
import type { Location } from "../../model/placement/task-location.ts";
import { redisSetting } from "../../model/redis/settings.ts";
import {
  isKnown,
  notKnown,
  type ImageReference,
  type Known,
  type ServiceDefinition,
} from "../../model/service/definition.ts";
import { compareStorage, type DataKeeper, type DataPlace } from "../../model/storage/data-location.ts";
import { readsMultiPart, whyNotRead, type Unread } from "./redis-format.ts";
import { redisStartEffect } from "./redis-restart.ts";
import type { Side } from "./side.ts";
import { snapshotEffect } from "./stop.ts";

/** That a server does not start on what it finds. */
export interface StartRefusal {
  /** As it reads after "because". */
  readonly why: string;
  /** False where it refuses what the old server writes when it stops: started before that, it may find nothing to refuse. */
  readonly isWhileOldRuns: boolean;
}

/** What is known of a server and the files of the one before. */
export interface FileCheck {
  /** What the formats of Redis and its kin say, wherever the files are. */
  readonly unread: Unread | undefined;
  /** `undefined` when nothing is known to keep the server from starting on what it finds. */
  readonly refusal: StartRefusal | undefined;
}

/** Checks whether a server of another version or product starts on what it finds. */
export function checkStartFiles(before: Side, after: Side, location: Location | undefined): FileCheck {
  const unread = before.redis && after.redis && whyNotRead(before.redis, after.redis);
  return { unread, refusal: findRefusal(before, after, location, unread) };
}

function findRefusal(
  before: Side,
  after: Side,
  location: Location | undefined,
  unread: Unread | undefined,
): StartRefusal | undefined {
  const [place, target] = [before.keeper.places[0], after.keeper.places[0]];
  if (place === undefined || target === undefined) return undefined;
  const isSame = isSameNode(location);
  if (compareStorage(place, target, isSame) === "same")
    return (
      versionRefusal(before, after) ?? (unread?.isCertain === true ? formatRefusal(before, after, unread) : undefined)
    );
  const { entry } = before.keeper;
  const isBeside =
    isSame === true && entry !== undefined && looksInto(place, target, after.service.definition, entry.dataPaths);
  return isBeside ? versionRefusal(before, after) : undefined;
}

/** Servers that look at the version that has written the files. */
function versionRefusal(
  { service: old, keeper: { entry } }: Side,
  { service: next, keeper: nextKeeper }: Side,
): StartRefusal | undefined {
  const [from, to] = [old, next].map(({ definition }) => serverMajor(definition.image, entry));
  if (entry?.refuses === undefined || nextKeeper.entry !== entry || from === undefined || to === undefined)
    return undefined;
  if (entry.refuses === "other majors" ? from === to : to - from < 2) return undefined;
  return { why: `${entry.title} ${to} refuses the files of version ${from}`, isWhileOldRuns: true };
}

/** The server's major version, where the image's tag can be one. */
function serverMajor({ tag }: ImageReference, entry: DataKeeper["entry"]): number | undefined {
  const major = majorVersion(tag);
  const { from, before } = entry?.majors ?? { from: 0, before: Infinity };
  return major !== undefined && major >= from && major < before ? major : undefined;
}

/**
 * Redis and its kin look at the format of the file that they start from, and end where they cannot load it.
 *
 * @see https://github.com/redis/redis/blob/7.2/src/server.c (`loadDataFromDisk`)
 */
function formatRefusal(
  { redis: old, stop }: Side,
  { redis: next, service }: Side,
  { why }: Unread,
): StartRefusal | undefined {
  if (old === undefined || next === undefined) return undefined;
  // The first lets Valkey try, without the second an append-only file is made of commands alone.
  const isTold =
    redisSetting(next.settings, "rdb-version-check").isWritten ||
    redisSetting(old.settings, "aof-use-rdb-preamble").isWritten;
  const snapshot = snapshotEffect(stop);
  const { hiddenChanges } = service.template;
  if (isTold || redisStartEffect(old, next, { snapshot, hiddenChanges }).kind !== "loads") return undefined;
  if (next.isAppendOnly !== false && !readsMultiPart(next)) return undefined;
  if (next.isAppendOnly !== true && snapshot.kind === "lost") return undefined;
  // Before the old task has ended, there need not be a snapshot.
  return { why, isWhileOldRuns: next.isAppendOnly === true };
}

/** Whether the new task has the old files where its image looks for them before it creates new ones. */
function looksInto(
  place: DataPlace,
  target: DataPlace,
  { mounts }: ServiceDefinition,
  facts: readonly DataPathFact[],
): boolean {
  // Another volume may have files that were copied there.
  const isEmpty = target.kind === "anonymous volume" || target.kind === "container" || target.source === place.source;
  if (!isEmpty || !isKnown(mounts) || !isKnown(target.path)) return false;
  const path = target.path;
  const fact = facts.find((each) => path === each.path.replace("{major}", /\d+/u.exec(path)?.[0] ?? ""));
  if (fact?.looksFirstInto === undefined || place.source === undefined) return false;
  const pattern = new RegExp(fact.looksFirstInto, "u");
  return mounts.some(
    (mount) =>
      isKnown(mount.target) && mount.source === place.source && pattern.test(posix.join(mount.target, place.within)),
  );
}

/** Whether the new task starts on the node of the old one. */
export function isSameNode(location: Location | undefined): Known<boolean> {
  switch (location?.move.kind) {
    case undefined:
    case "stays":
    case "nowhere":
      return true;
    case "moves":
      return false;
    case "may move":
    case "not known":
      return notKnown;
  }
}
