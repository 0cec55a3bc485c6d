import { isKnown, labelOf, notKnown, type Known, type Mount } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { looksShared, storageOf } from "../../model/storage/volume-storage.ts";
import { quoted } from "../../text/escape.ts";
import { backupMounts } from "../backup.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import type { Subject } from "../subject.ts";

export const backupOnDataNode: Rule = {
  id: "SS604",
  name: "backup-on-data-node",
  level: "warning",
  reason: "The service that backs the data up runs where the data is: a volume of that node is lost with it.",
  fix: "Use a repository that the node reaches over the network (s3, rest, sftp), or a network volume.",
  yieldsTo: ["SS603"],
  check(subject) {
    const mounts = backupMounts(subject);
    if (mounts === undefined) return notApplicable;
    if (mounts.repositories.length === 0) return pass;
    return mounts.repositories.map((mount) => {
      const isLocal = isOnNode(mount, subject);
      const what = `${mount.type === "bind" ? "folder" : "volume"} ${isKnown(mount.source) ? quoted(mount.source ?? "") : "of its own"}`;
      if (!isKnown(isLocal))
        return unverifiable(mount.path, `Whether the ${what} with the backup is on the data's node is not known.`);
      return isLocal ? fail(mount.path, `The backup is in the ${what} of the node that the data is on.`) : pass;
    });
  },
};

/** Whether a mount's data is only on the task's node. */
function isOnNode(mount: Mount, { index, service }: Subject): Known<boolean> {
  const shared = labelOf(service, serviceLabels.shared);
  if (!isKnown(shared)) return notKnown;
  if ((shared ?? "") !== "") return false;
  const { source } = mount;
  if (!isKnown(source)) return notKnown;
  if (mount.type === "bind") return looksShared(source ?? "") ? notKnown : true;
  const storage = storageOf(mount, index.volumesNamed(source ?? "")[0]);
  return isKnown(storage) ? storage === "local" || storage === "memory" : notKnown;
}
