import { hasSavePoints, isAppendOnly, redisSetting } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { titleOf } from "../subject.ts";

export const redisNoPersistence: Rule = {
  id: "SS402",
  name: "redis-no-persistence",
  level: "error",
  reason:
    "Without an append-only file and without save points Redis exits on SIGTERM with nothing written: every stop loses everything.",
  fix: "Set appendonly yes, or save points; or say with the label holdfast.store: cache that the data may be lost.",
  check(subject) {
    const { redis, isCache, service } = subject;
    if (redis === undefined) return notApplicable;
    if (!isKnown(isCache))
      return unverifiable(service.paths.labels, "Whether the store is declared a cache is not known yet.");
    if (isCache) return notApplicable;
    const appendOnly = isAppendOnly(redis, redis.image);
    const savePoints = hasSavePoints(redis);
    if (appendOnly === true || savePoints === true) return pass;
    if (isKnown(appendOnly) && isKnown(savePoints)) {
      const path = redis.settings.findLast(({ name }) => name === "save")?.path ?? redis.path;
      return fail(path, `${titleOf(subject)} has appendonly off and no save points.`);
    }
    const path = isKnown(appendOnly) ? redis.path : redisSetting(redis, "appendonly").path;
    return unverifiable(
      path,
      `Whether ${titleOf(subject)} persists anything is not known: not all of its configuration can be seen.`,
    );
  },
};
