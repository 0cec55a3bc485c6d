import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { mayShare, titleOf } from "../subject.ts";

export const replicasShareVolume: Rule = {
  id: "SS301",
  name: "replicas-share-volume",
  level: "error",
  reason:
    "On one node the tasks write the same files at once; on several nodes each has its own volume, and clients see one or the other at random.",
  fix: "Run one replica, and one service with its own volume for each further member.",
  check(subject) {
    const { service, dataVolumes } = subject;
    if (dataVolumes.length === 0 || service.mode === "global") return notApplicable;
    if (service.replicas === 0 || service.replicas === 1) return pass;
    return dataVolumes.map(({ mount, label, isCertain }) => {
      // A template in the name gives each task or node its own volume.
      if (mayShare(subject) || /\{\{\s*\.(?:Task|Node)\./.test(label)) return pass;
      const what = `the tasks share the volume ${quoted(label)}`;
      if (!isKnown(service.replicas))
        return unverifiable(service.paths.replicas, `How many replicas there are is not known yet, and ${what}.`);
      if (!isKnown(mount.source))
        return unverifiable(mount.path, `Whether the ${service.replicas} replicas share a volume is not known yet.`);
      if (!isCertain)
        return unverifiable(
          service.paths.replicas,
          `There are ${service.replicas} replicas, and ${what}; whether ${titleOf(subject)} allows several writers is not known.`,
        );
      return fail(service.paths.replicas, `There are ${service.replicas} replicas, and ${what}.`);
    });
  },
};
