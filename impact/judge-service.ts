/** The verdict on one service: every rule contributes a part, the worst fate counts, and all causes of that fate are told. */
import { hasSavePoints, isAppendOnly, redisSetting } from "../model/redis/settings.ts";
import { isKnown } from "../model/service/definition.ts";
import type { DataKeeper } from "../model/storage/data-location.ts";
import { quietCause, sighting, sightingAfter } from "./rules/causes.ts";
import { writerParts } from "./rules/other-writers.ts";
import { restartParts } from "./rules/shutdown.ts";
import { placeParts } from "./rules/storage.ts";
import { assumptions, warnings } from "./rules/warnings.ts";
import { courseOf, effectOf, nameOf, outageOf, type ServiceChange } from "./simulation/service-change.ts";
import { compareFates, worstFate, type Verdict } from "./verdict/verdict.ts";

/** Judges a service; `undefined` when it keeps no data. */
export function judgeService(change: ServiceChange): Verdict | undefined {
  const { keeper, before, step } = change;
  if (keeper.places.length === 0 || isCache(keeper)) return undefined;
  const course = courseOf(change);
  const parts = [...restartParts(change, course), ...placeParts(change, course), ...writerParts(change, course)];
  const fate = worstFate(parts.map((part) => part.fate));
  const decisive = parts.filter((part) => compareFates(part.fate, fate) === 0);
  const told = decisive.some((part) => part.cause.path !== undefined)
    ? decisive.filter((part) => part.cause.path !== undefined)
    : decisive;
  const otherwise = parts.map((part) => part.otherwise).find((each) => each !== undefined && each.fate !== fate);
  const causes = told.length > 0 ? told.map((part) => part.cause) : [quietCause(change, course)];
  const notes = unique([...warnings(change, course)], ({ text }) => text).filter(
    ({ text }) => !causes.some((cause) => cause.text === text),
  );
  const found = parts.toSorted((one, other) => compareFates(other.fate, one.fate)).map(({ cause }) => cause);
  return {
    subject: "service",
    name: nameOf(before),
    id: step.id,
    fate,
    taskEffect: effectOf(change, course),
    outage: outageOf(change, course),
    causes: unique(causes, ({ text, path }) => `${text}\u0000${path ?? ""}`),
    remedies: unique(
      parts.filter((part) => compareFates(part.fate, "at risk") >= 0).flatMap((part) => part.remedies ?? []),
      ({ text }) => text,
    ),
    leftBehind: unique(
      parts.flatMap((part) => part.leftBehind ?? []),
      ({ place }) => place,
    ),
    warnings: notes,
    codes: [...new Set([...causes, ...found, ...notes].map(({ code }) => code))],
    assumptions: unique(assumptions(change, course, parts), (text) => text),
    ...(otherwise !== undefined && { otherwise }),
    before: sighting(
      before.definition,
      keeper,
      change.location?.node,
      before.definition.replicas === 0 ? "stopped" : "running",
    ),
    after: sightingAfter(change, course),
  };
}

/** Redis that keeps nothing and throws old keys away is a cache: its author does not expect to find the data again. */
function isCache({ redis, entry }: DataKeeper): boolean {
  if (redis === undefined || entry?.redis === undefined || !redis.isComplete) return false;
  const { value } = redisSetting(redis, "maxmemory-policy");
  const evicts = isKnown(value) && value !== undefined && value.startsWith("allkeys-");
  return evicts && isAppendOnly(redis, entry.redis) === false && hasSavePoints(redis) === false;
}

function unique<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
