import { serviceLabels } from "../../model/service/labels.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { suppressionsOf } from "../subject.ts";

export const suppressionNeedsReason: Rule = {
  id: "SS901",
  name: "suppression-needs-reason",
  level: "error",
  reason:
    "A rule that is switched off without a reason and an end date stays off, and no one remembers why; such a label has no effect.",
  fix: `Write ${serviceLabels.ignore}: SS201 until 2027-03-01: reason.`,
  check(subject) {
    const { suppressions, mistakes, unknown } = suppressionsOf(subject);
    const path = subject.service.paths.labels;
    if (suppressions.length + mistakes.length + unknown.length === 0) return notApplicable;
    return [
      ...suppressions.map(() => pass),
      ...mistakes.map(({ message }) => fail(path, message)),
      ...unknown.map((label) =>
        unverifiable(path, `What the label ${quoted(label)} says is not known yet, so it has no effect.`),
      ),
    ];
  },
};
