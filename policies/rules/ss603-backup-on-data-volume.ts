import { isKnown, type Known, type Mount } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { backupMounts } from "../backup.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const backupOnDataVolume: Rule = {
  id: "SS603",
  name: "backup-on-data-volume",
  level: "error",
  reason: "What destroys the volume takes both the data and its backup, and a backup that grows fills the data's disk.",
  fix: "Give the repository its own volume, or better, a place that is not lost with the node.",
  check(subject) {
    const mounts = backupMounts(subject);
    if (mounts === undefined) return notApplicable;
    if (mounts.repositories.length === 0) return pass;
    return mounts.repositories.map(({ path, source }) => {
      const same = mounts.data.find((data) => isKnown(data.source) && isKnown(source) && meet(data, source));
      if (same !== undefined)
        return fail(path, `The backup is written to ${quoted(String(source))}, where the data is.`);
      const isSure = isKnown(source) && mounts.data.every((data) => isKnown(data.source));
      return isSure ? pass : unverifiable(path, "Whether the backup has its own volume is not known yet.");
    });
  },
};

/** Whether they are one volume, or one folder, or one folder in the other. */
function meet({ source }: Mount, repository: string | undefined): boolean {
  const [one, other] = [withSlash(source), withSlash(repository)];
  return one.startsWith(other) || other.startsWith(one);
}

function withSlash(source: Known<string | undefined>): string {
  return `${String(source)}/`;
}
