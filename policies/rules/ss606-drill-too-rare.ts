import { isKnown, labelOf } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { durationIn } from "../../text/duration.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const drillTooRare: Rule = {
  id: "SS606",
  name: "drill-too-rare",
  level: "warning",
  reason: "Between two drills the proved state gets older than the program allows, and then the backup covers no loss.",
  fix: "Drill at least as often as verifiedWithin says, or raise that.",
  check({ service }) {
    const path = service.paths.labels;
    const [drill, within] = [serviceLabels.drill, serviceLabels.verifiedWithin].map((name) => labelOf(service, name));
    if (!isKnown(drill) || !isKnown(within))
      return unverifiable(path, "How often the backup is drilled is not known yet.");
    if (drill === undefined || within === undefined) return notApplicable;
    const [every, allowed] = [durationIn(drill), durationIn(within)];
    if (every === undefined || allowed === undefined)
      return unverifiable(path, "The labels of the drill name no durations.");
    return every > allowed ? fail(path, `Drilled every ${drill}, and proved states count for ${within}.`) : pass;
  },
};
