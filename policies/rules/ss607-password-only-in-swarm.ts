import { isKnown, labelOf } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const passwordOnlyInSwarm: Rule = {
  id: "SS607",
  name: "password-only-in-swarm",
  level: "warning",
  reason: "The swarm's secrets are lost with its managers, and without the repository's password no backup opens.",
  fix: "Keep a copy of the password elsewhere, and say where: passwordCopy in the declaration's `to`.",
  check({ service }) {
    const of = labelOf(service, serviceLabels.backupOf);
    const copy = labelOf(service, serviceLabels.passwordCopy);
    const path = service.paths.labels;
    if (isKnown(of) && of === undefined) return notApplicable;
    if (!isKnown(of) || !isKnown(copy))
      return unverifiable(path, "Whether there is a copy of the password is not known yet.");
    return (copy ?? "").trim() === "" ? fail(path, "Nothing says where a copy of the repository's password is.") : pass;
  },
};
