import { runApart } from "../../model/placement/constraints.ts";
import { isKnown, type Mount } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import type { MountUse } from "../estate-index.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { isNamedVolume, mayShare, subjectOf, type Subject } from "../subject.ts";

export const volumeSharedByServices: Rule = {
  id: "SS303",
  name: "volume-shared-by-services",
  level: "error",
  reason: "Two servers that write the same files corrupt them: neither sees the other's locks.",
  fix: "Give each service its own volume, or mount it read-only in all but one.",
  check(subject) {
    const { service, dataVolumes } = subject;
    if (!isKnown(service.mounts)) return notApplicable;
    const folders = new Set(dataVolumes.filter(({ isBind }) => isBind).map(({ mount }) => mount));
    const mounts = service.mounts.filter(
      (mount) => (isNamedVolume(mount) || folders.has(mount)) && mount.readOnly !== true,
    );
    if (mounts.length === 0) return notApplicable;
    return mounts.map((mount) => {
      const name = isKnown(mount.source) ? (mount.source ?? "") : "";
      const other = subject.index.findUse(name, (use) => isEarlierWriter(use, subject));
      if (!isKnown(mount.source))
        return mayShare(subject) || subject.dataVolumes.length === 0
          ? pass
          : unverifiable(
              mount.path,
              "Whether another service writes the same volume is not known: its name is not known yet.",
            );
      return other === undefined ? pass : judge(subject, mount, other, name);
    });
  },
};

/** Only the later of two services gets the finding, so one mistake is reported once, even when definitions arrive one at a time. */
function isEarlierWriter(use: MountUse, { service, index }: Subject): boolean {
  const isOther = index.isBefore(use.service, service);
  return isOther && use.mount.readOnly !== true && !runApart(use.service.constraints, service.constraints);
}

function judge(subject: Subject, own: Mount, { service: other, mount }: MountUse, name: string): Answer {
  const { path } = own;
  const theirs = subjectOf(other, subject.index, subject.options);
  if (mayShare(subject) || mayShare(theirs)) return pass;
  const what = `The service ${quoted(other.name)} writes the ${own.type === "bind" ? "folder" : "volume"} ${quoted(name)} too`;
  if (!isKnown(mount.readOnly) || !isKnown(own.readOnly))
    return unverifiable(path, `${what}, unless a mount turns out to be read-only.`);
  const isDatabase = [subject, theirs].some(({ dataVolumes }) =>
    dataVolumes.some(({ label, isCertain }) => isCertain && label === name),
  );
  return isDatabase
    ? fail(path, `${what}.`)
    : unverifiable(path, `${what}; whether their images allow several writers is not known.`);
}
