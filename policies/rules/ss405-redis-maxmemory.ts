import { redisBytes, redisSetting } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { formatSize } from "../../text/byte-size.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

/** What a fork, buffers and fragmentation leave for the data; 0.6 is safer where many keys are written. */
const mostOfLimit = 0.75;
/** A store that never saves does not fork. */
const mostOfLimitForCache = 0.9;

export const redisMaxmemory: Rule = {
  id: "SS405",
  name: "redis-maxmemory",
  level: "warning",
  worst: "error",
  reason:
    "Redis grows until the kernel kills it at the memory limit, quite possibly during a save; a fork may need as much memory again as is written meanwhile.",
  fix: "Set maxmemory to at most 75 % of the memory limit, 60 % where many keys are written.",
  check({ redis, service, isCache }) {
    if (redis === undefined) return notApplicable;
    const { value, path } = redisSetting(redis, "maxmemory");
    const { memoryBytes: limit } = service.limits;
    if (!isKnown(value)) return unverifiable(path, "maxmemory is not known: not all of the configuration can be seen.");
    const bytes = value === undefined ? 0 : redisBytes(value);
    if (bytes === undefined) return unverifiable(path, "maxmemory is not written as Redis takes it.");
    if (bytes === 0) return fail(path, "There is no maxmemory.");
    if (!isKnown(limit))
      return unverifiable(
        service.paths.memoryLimit,
        "Whether maxmemory leaves room below the memory limit is not known yet.",
      );
    if (limit === undefined) return pass;
    const share = `maxmemory is ${formatSize(bytes)}, ${Math.round((bytes / limit) * 100)} % of the memory limit of ${formatSize(limit)}`;
    if (bytes >= limit) return fail(path, `${share}.`, { level: "error" });
    return bytes > limit * (isCache === true ? mostOfLimitForCache : mostOfLimit)
      ? fail(path, `${share}: too near for a fork.`)
      : pass;
  },
};
