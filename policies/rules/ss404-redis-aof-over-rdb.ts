import { hasSavePoints, isAppendOnly, redisSettings } from "../../model/redis/settings.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const redisAofOverRdb: Rule = {
  id: "SS404",
  name: "redis-aof-over-rdb",
  level: "error",
  reason:
    "Started with appendonly yes, Redis reads only the append-only file: over a mere snapshot it starts empty, and its next save overwrites the snapshot (redis#12484).",
  fix: "Run CONFIG SET appendonly yes on the running server, wait until INFO persistence shows aof_rewrite_in_progress:0, then change the definition.",
  check({ service, previous, redis, isCache }) {
    if (redis === undefined || previous === undefined || isCache === true) return notApplicable;
    const before = redisSettings(previous, redis.image);
    const was = isAppendOnly(before, redis.image);
    const is = isAppendOnly(redis, redis.image);
    const path = redis.settings.findLast(({ name }) => name === "appendonly")?.path ?? redis.path;
    if (was === true || is === false || hasSavePoints(before) === false || preparesAppendOnlyFile(service)) return pass;
    if (isKnown(was) && isKnown(is))
      return fail(path, "appendonly changes from no to yes, and the restart that this causes finds a snapshot only.");
    return unverifiable(
      path,
      "Whether appendonly is switched on over a snapshot is not known: not all of the configuration can be seen.",
    );
  },
};

/** A start script that makes the append-only file out of the snapshot, as Holdfast's own does, names the file's manifest. */
function preparesAppendOnlyFile({ configs, command, args }: ServiceDefinition): boolean {
  const scripts = [
    ...(isKnown(configs) ? configs.map(({ content }) => content) : []),
    ...(isKnown(command) ? (command ?? []) : []),
    ...(isKnown(args) ? (args ?? []) : []),
  ];
  return scripts.some((script) => isKnown(script) && script?.includes("appendonly.aof.manifest") === true);
}
