import { isKnown } from "../../model/service/definition.ts";
import { at, rule, type Diagnostic } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

type Code = "DF401" | "DF402";

/** The old task and the new one on the same files at the same time. */
export const twoTasks = rule<Code>(
  {
    DF401: "Two tasks on the same files during the change",
    DF402: "The update order is not known",
  },
  ({ name, step, before, course, writing }) => {
    if (course.kind !== "exchanged" || writing?.isSameStorage !== true) return [];
    const { updateOrder, paths } = course.after.service.definition;
    const isUpdate = step.operation === "update";
    const found: Diagnostic<Code>[] = [];
    if (course.overlaps) {
      const danger =
        "two tasks have the same files open, the new one reads them before the old one has saved, and the one that saves last wins";
      const text = `${isUpdate ? "The update order is start-first" : "The new service is created before the old one is deleted"}: ${danger}.`;
      const means = isUpdate
        ? remedies.stopFirst()
        : step.operation === "delete"
          ? remedies.aliasRename(step.id, name)
          : remedies.deleteFirst();
      const path = at(isUpdate ? paths.updateOrder : step.replaceReasons[0]);
      found.push({ code: "DF401", fate: "at risk", text, ...path, remedies: [means] });
    }
    const hadTasks = before.service.definition.replicas !== 0;
    if (isUpdate && !isKnown(updateOrder) && hadTasks && !writing.sharesHostPort) {
      const text = "The update order is not known yet: with start-first, two tasks have the same files open.";
      const means = [remedies.stopFirst()];
      found.push({ code: "DF402", fate: "unknown", text, path: paths.updateOrder, remedies: means });
    }
    return found;
  },
);
