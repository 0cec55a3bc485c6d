import { majorVersion } from "../../model/image/catalogue.ts";
import { rule } from "../rule.ts";

type Code = "DF509" | "DF510";

/** Where Swarm's rollback does not do what its author may expect of it. */
export const rollback = rule<Code>(
  {
    DF509: "Swarm does not roll the update back",
    DF510: "A rollback may not find its files readable",
  },
  ({ before, step, course }) => {
    if (course.kind !== "exchanged" || step.operation !== "update" || course.isTakenBack) return [];
    const { definition } = course.after.service;
    if (definition.failureAction !== "rollback") return [];
    if (course.cannotStart !== undefined) {
      const text = "Swarm does not roll this update back (failureAction): a task that waits does not fail.";
      return [{ code: "DF509", fate: "note", text }];
    }
    const { entry } = before.keeper;
    const [from, to] = [before.service.definition, definition].map(({ image }) => majorVersion(image.tag));
    const isNewer = from !== undefined && to !== undefined && to > from;
    if (entry === undefined || entry.refuses === "other majors" || !isNewer) return [];
    const text = `${entry.title} ${to} may change the files as soon as it starts; where it fails after that, Swarm rolls back (failureAction) to version ${from}, which may refuse them. Set failureAction to pause for this update, and make a backup first.`;
    return [{ code: "DF510", fate: "note", text }];
  },
);
