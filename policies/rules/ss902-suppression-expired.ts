import { fail, notApplicable, pass, type Rule } from "../rule.ts";
import { suppressionsOf } from "../subject.ts";

export const suppressionExpired: Rule = {
  id: "SS902",
  name: "suppression-expired",
  level: "error",
  reason: "A suppression is a promise to fix something by its date; after that date the label has no effect.",
  fix: "Fix what the rule found, or give the label a new date.",
  check(subject) {
    const { suppressions } = suppressionsOf(subject);
    const { today } = subject.options;
    if (suppressions.length === 0) return notApplicable;
    return suppressions.map(({ rules, until }) =>
      until < today
        ? fail(subject.service.paths.labels, `The suppression of ${rules.join(", ")} ended on ${until}.`)
        : pass,
    );
  },
};
