import { isKnown } from "../../model/service/definition.ts";
import { at, rule, type Diagnostic } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

type TwoTasksCode = "DF401" | "DF402";

/** The old task and the new one on the same files at the same time. */
export const twoTasks = rule<TwoTasksCode>(
  {
    DF401: "Two tasks on the same files during the change",
    DF402: "The update order is not known",
  },
  ({ name, step, before, course, writing }) => {
    if (course.kind !== "exchanged" || writing?.isSameStorage !== true) return [];
    const { updateOrder, paths } = course.after.service.definition;
    const isUpdate = step.operation === "update";
    const found: Diagnostic<TwoTasksCode>[] = [];
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

/** More or fewer tasks of a program that must be the only writer of its files. */
export const replicas = rule(
  {
    DF403: "The number of tasks is not known",
    DF404: "Fewer tasks on shared storage",
    DF405: "Several tasks on one volume",
  },
  ({ before, outcome, writing }) => {
    if (writing === undefined) return [];
    const { definition } = writing.then.service;
    const was = before.service.definition.replicas;
    const is = definition.replicas;
    const path = definition.paths.replicas;
    if (!isKnown(was)) return [];
    if (!isKnown(is))
      return [{ code: "DF403", fate: "unknown", text: "How many tasks will run is not known yet.", path }];
    if (!writing.isSameStorage) return [];
    const about = { fate: "at risk", path, before: String(was), after: String(is) } as const;
    if (is > 0 && is < was) {
      const text =
        "Swarm chooses which of the tasks end. What an ending task saves may overwrite what another has saved, or stay on a node that no longer has a task.";
      return [{ code: "DF404", text, ...about, remedies: [remedies.oneWriter()] }];
    }
    // A task that waits for the port that another one holds does not write.
    const isBlocked = outcome?.cannotStart !== undefined && writing.sharesHostPort;
    if (is <= was || is <= 1 || isBlocked) return [];
    const text =
      "Several tasks keep their data in the same volume, or each in another node's volume of that name: they overwrite each other's files, or answer differently.";
    return [{ code: "DF405", text, ...about, remedies: [remedies.oneWriter()] }];
  },
);

/** Another service that the plan starts on the same storage. */
export const rivals = rule({ DF406: "Another service on the same storage" }, ({ name, writing }) =>
  (writing?.rivals ?? []).map((rival) => {
    const why = rival.isOwn
      ? `The old service is not deleted and keeps running, and "${rival.name}" is created in addition, on the same storage`
      : `Service "${rival.name}" gets the same storage`;
    const text = `${why}: two servers write the same files, and neither knows of the other.`;
    const means = rival.isOwn ? remedies.scaleOldFirst(name) : remedies.oneWriter();
    return { code: "DF406", fate: "at risk", text, path: rival.path, remedies: [means] };
  }),
);
