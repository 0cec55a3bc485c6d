import { posix } from "node:path";
import { isWithin, type DataSite } from "../../model/data-paths.ts";
import { quoted } from "../../model/plain-text.ts";
import { isAppendOnly, redisSetting } from "../../model/redis-settings.ts";
import { isKnown } from "../../model/service-definition.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { titleOf, type Subject } from "../subject.ts";

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
    return sites.flatMap((site) => [checkDirectory(subject, site), checkAppendDirectory(subject, site)]);
  },
};

function checkDirectory(subject: Subject, { path, decidedBy, covering, missedBy }: DataSite): Answer {
  if (decidedBy?.words !== "dir") return pass;
  if (covering.kind === "not known" || !isKnown(path)) {
    return unverifiable(
      decidedBy.path,
      "Whether the dir of Redis lies on a volume is not known: not all of its configuration can be seen.",
    );
  }
  if (missedBy === undefined) return pass;
  const target = isKnown(missedBy.target) ? quoted(missedBy.target) : "another path";
  return fail(
    decidedBy.path,
    `The dir of ${titleOf(subject)} is ${quoted(path)}, and its volume is mounted at ${target}.`,
  );
}

function checkAppendDirectory({ redis, image }: Subject, { path, covering }: DataSite): Answer {
  if (redis === undefined || !isKnown(image) || image?.redis === undefined || !isKnown(path)) return notApplicable;
  if ((covering.kind !== "volume" && covering.kind !== "bind") || isAppendOnly(redis, image.redis) !== true)
    return notApplicable;
  const { value: folder, path: settingPath } = redisSetting(redis, "appenddirname");
  if (!isKnown(folder)) {
    return unverifiable(
      settingPath,
      "Whether appenddirname lies on the volume is not known: not all of its configuration can be seen.",
    );
  }
  const { target } = covering.mount;
  if (folder === undefined || !isKnown(target) || isWithin(posix.resolve(path, folder), target)) return pass;
  return fail(
    settingPath,
    `appenddirname leads to ${quoted(posix.resolve(path, folder))}, off the mount at ${quoted(target)}.`,
  );
}
