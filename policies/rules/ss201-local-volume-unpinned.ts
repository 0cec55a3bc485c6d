import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import type { MountedData, Subject } from "../subject.ts";

export const localVolumeUnpinned: Rule = {
  id: "SS201",
  name: "local-volume-unpinned",
  level: "error",
  reason:
    "A local volume exists on one node; a task that starts on another gets a new, empty volume of the same name there.",
  fix: "Pin the service to the node that has the volume: node.hostname==NODE, or a label that exactly one node carries.",
  yieldsTo: ["SS203"],
  check(subject) {
    const { service, isShared, pin } = subject;
    const volumes = subject.dataVolumes.filter(
      ({ isBind, storage }) => !isBind && (storage === "local" || !isKnown(storage)),
    );
    if (volumes.length === 0 || service.mode === "global" || isShared) return notApplicable;
    if (pin.kind === "names a node") return pass;
    return volumes.map((volume) => checkVolume(subject, volume));
  },
};

function checkVolume({ service, pin, index }: Subject, { label, storage }: MountedData): Answer {
  const path = service.paths.constraints;
  if (!isKnown(storage)) {
    return unverifiable(
      path,
      `Whether the volume ${quoted(label)} is local to one node is not known, and no constraint names a node.`,
    );
  }
  const volume = `The volume ${quoted(label)} is local`;
  switch (pin.kind) {
    case "names a node":
      return pass;
    case "not known":
      return unverifiable(path, `${volume}, and the constraints are not known yet.`);
    case "names a label": {
      if (index.nodes !== undefined) return pass;
      const shown = pin.labels.every((each) => index.showsSeveralNodesWith(each));
      const text = pin.labels.map((each) => (isKnown(each.text) ? quoted(each.text) : "a label")).join(" and ");
      return shown
        ? fail(path, `${volume}, and ${text} matches several nodes, as other constraints here show.`)
        : unverifiable(
            path,
            `${volume}, and whether exactly one node carries ${text} is not known without the live nodes.`,
          );
    }
    case "none": {
      const constraints = isKnown(service.constraints) ? service.constraints : [];
      const texts = constraints.map((each) => (isKnown(each.text) ? quoted(each.text) : "one that is not known yet"));
      return fail(
        path,
        `${volume}, and ${texts.length === 0 ? "there are no constraints" : `${texts.join(" and ")} may match several nodes`}.`,
      );
    }
  }
}
