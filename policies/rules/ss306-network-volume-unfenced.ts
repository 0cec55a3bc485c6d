import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { mayShare, titleOf, type MountedData, type Subject } from "../subject.ts";

export const networkVolumeUnfenced: Rule = {
  id: "SS306",
  name: "network-volume-unfenced",
  level: "warning",
  reason:
    "When a node is cut off, Swarm starts its task on another one while the old one keeps running: two servers then write the same files.",
  fix: "Pin the service to one node, or have the storage keep a second server out (a lock, a fence) and say how with the label holdfast.shared.",
  yieldsTo: ["SS301"],
  check(subject) {
    const { service, index, pin } = subject;
    const volumes = subject.dataVolumes.filter(
      ({ isBind, storage }) => !isBind && storage !== "local" && storage !== "memory",
    );
    if (volumes.length === 0 || service.mode === "global") return notApplicable;
    if (mayShare(subject) || pin.kind === "names a node" || index.nodes?.length === 1) return pass;
    return volumes.map((volume) => checkVolume(subject, volume));
  },
};

function checkVolume(subject: Subject, { label, storage, isCertain }: MountedData): Answer {
  const { service, pin } = subject;
  const path = service.paths.constraints;
  const volume = `volume ${quoted(label)}`;
  if (!isKnown(storage))
    return unverifiable(
      path,
      `Whether several nodes reach the ${volume} is not known, and no constraint names a node.`,
    );
  if (storage === "plug-in")
    return unverifiable(path, `Whether its plug-in lets two nodes write the ${volume} at once is not known.`);
  switch (pin.kind) {
    case "not known":
      return unverifiable(path, `Every node reaches the ${volume}, and the constraints are not known yet.`);
    case "names a label":
      return unverifiable(
        path,
        `Every node reaches the ${volume}, and whether exactly one carries the label is not known.`,
      );
    default:
      return isCertain
        ? fail(path, `Every node reaches the ${volume}, and the task may start on several.`)
        : unverifiable(
            path,
            `Every node reaches the ${volume}; whether ${titleOf(subject)} allows several writers is not known.`,
          );
  }
}
