import { redisSetting } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const redisEvicts: Rule = {
  id: "SS406",
  name: "redis-evicts",
  level: "error",
  reason:
    "An eviction policy discards keys when maxmemory is reached: right for a cache, data loss by design for a store.",
  fix: "Set maxmemory-policy noeviction; or say with the label holdfast.store: cache that the data may be lost.",
  check({ redis, isCache, service }) {
    if (redis === undefined || isCache === true) return notApplicable;
    const { value, path } = redisSetting(redis, "maxmemory-policy");
    if (!isKnown(value))
      return unverifiable(path, "maxmemory-policy is not known: not all of the configuration can be seen.");
    const policy = value?.toLowerCase() ?? "noeviction";
    if (policy === "noeviction") return pass;
    if (!isKnown(isCache))
      return unverifiable(service.paths.labels, "Whether the store is declared a cache is not known yet.");
    return fail(path, `maxmemory-policy is ${quoted(policy)}.`);
  },
};
