import { posix } from "node:path";
import { isAppendOnly, redisSetting } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { isWithin, type DataSite } from "../../model/storage/data-paths.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { pathWords, titleOf, type RedisSubject, type Subject } from "../subject.ts";

export const redisDirOffVolume: Rule = {
  id: "SS403",
  name: "redis-dir-off-volume",
  level: "error",
  reason:
    "Redis writes its files to dir, and the append-only file to appenddirname in it: off the mount they go with the container.",
  fix: "Let dir be the mount's target, and appenddirname a plain name.",
  check(subject) {
    const { redis, sites } = subject;
    if (redis === undefined || sites.length === 0) return notApplicable;
    return sites.flatMap((site) => [checkDirectory(subject, redis, site), checkAppendDirectory(redis, site)]);
  },
};

function checkDirectory(subject: Subject, redis: RedisSubject, { path, decidedBy, missedBy }: DataSite): Answer {
  if (!isKnown(redisSetting(redis, "dir").value)) {
    return unverifiable(
      decidedBy?.path ?? redis.path,
      "Whether the dir of Redis is on a volume is not known: not all of its configuration can be seen.",
    );
  }
  if (decidedBy?.words !== "dir" || missedBy === undefined) return pass;
  return fail(
    decidedBy.path,
    `The dir of ${titleOf(subject)} is ${pathWords(path)}, and its volume is mounted at ${pathWords(missedBy.target)}.`,
  );
}

function checkAppendDirectory(redis: RedisSubject, { path, covering }: DataSite): Answer {
  if (covering.kind !== "volume" && covering.kind !== "bind") return notApplicable;
  if (isAppendOnly(redis, redis.image) !== true) return notApplicable;
  const { value: folder, path: settingPath } = redisSetting(redis, "appenddirname");
  if (!isKnown(folder)) {
    return unverifiable(
      settingPath,
      "Whether appenddirname is on the volume is not known: not all of its configuration can be seen.",
    );
  }
  // A mount that covers a path is known to do so, and so are both.
  const target = String(covering.mount.target);
  const appendDirectory = posix.resolve(String(path), folder ?? ".");
  if (isWithin(appendDirectory, target)) return pass;
  return fail(settingPath, `appenddirname leads to ${quoted(appendDirectory)}, off the mount at ${quoted(target)}.`);
}
