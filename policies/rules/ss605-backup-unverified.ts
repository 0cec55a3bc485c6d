import { isKnown, labelOf } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const backupUnverified: Rule = {
  id: "SS605",
  name: "backup-unverified",
  level: "warning",
  reason: "A backup that nobody has restored is a hope: what is wrong with it shows when the data is lost.",
  fix: 'Let it be restored on a schedule: drill: { every: "24h" } in its declaration.',
  check({ service }) {
    const of = labelOf(service, serviceLabels.backupOf);
    const drill = labelOf(service, serviceLabels.drill);
    const path = service.paths.labels;
    if (isKnown(of) && of === undefined) return notApplicable;
    if (!isKnown(of) || !isKnown(drill)) return unverifiable(path, "Whether the backup is drilled is not known yet.");
    return (drill ?? "") === "" ? fail(path, "No drill of this backup is declared.") : pass;
  },
};
