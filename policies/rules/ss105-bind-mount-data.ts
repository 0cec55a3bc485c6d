import { looksShared } from "../../model/storage/volume-storage.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import type { Subject } from "../subject.ts";

export const bindMountData: Rule = {
  id: "SS105",
  name: "bind-mount-data",
  level: "error",
  reason:
    "A bind mount is a folder on the node where the task runs: on another node it is a different folder, or missing.",
  fix: "Pin the service to the node that has the folder, or say with the label holdfast.shared why every node has the same.",
  check(subject) {
    const binds = subject.dataVolumes.filter(({ isBind }) => isBind);
    // A global service has a task on every node: SS302 speaks of it.
    if (binds.length === 0 || subject.service.mode === "global") return notApplicable;
    return binds.map(({ mount, label }) => checkBind(subject, mount.path, label));
  },
};

function checkBind({ pin, isShared }: Subject, path: string, folder: string): Answer {
  if (isShared) return pass;
  switch (pin.kind) {
    case "names a node":
    case "names a label":
      return pass;
    case "not known":
      return unverifiable(
        path,
        `Data is in the folder ${quoted(folder)} of a node, and whether the service is pinned to it is not known yet.`,
      );
    case "none":
      if (!looksShared(folder))
        return fail(path, `Data is in the folder ${quoted(folder)} of a node, and no constraint says which.`);
      return unverifiable(
        path,
        `Data is in the folder ${quoted(folder)}, which is called like a shared file system; whether every node mounts it cannot be seen.`,
      );
  }
}
