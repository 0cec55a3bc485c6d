/** Who else writes the same files. */
import { runApart } from "../../model/placement/constraints.ts";
import type { PlannedService } from "../../model/plan/plan.ts";
import { isKnown } from "../../model/service/definition.ts";
import { compareStorage } from "../../model/storage/data-location.ts";
import { sharesHostPort } from "../simulation/plan-execution.ts";
import { nameOf, serviceThen, type Course, type ServiceChange } from "../simulation/service-change.ts";
import { remedies } from "../verdict/remedies.ts";
import type { Part } from "./finding.ts";

/** Two tasks that write the same files at the same time. */
export function writerParts(change: ServiceChange, course: Course): readonly Part[] {
  const { before, keeper, outcome, step } = change;
  const after = serviceThen(change, course);
  if (keeper.entry?.writers === "many" || after === undefined) return [];
  const parts: Part[] = [];
  if (course.kind === "exchanged" && course.overlaps && sharesStorage(change, after)) {
    const danger =
      "two tasks have the same files open, the new one reads them before the old one has saved, and the one that saves last wins";
    const isUpdate = step.operation === "update";
    const text = `${isUpdate ? "The update order is start-first" : "The new service is created before the old one is deleted"}: ${danger}.`;
    const [reason] = step.replaceReasons;
    const path = isUpdate ? after.definition.paths.updateOrder : reason;
    const means = isUpdate
      ? remedies.stopFirst()
      : step.operation === "delete"
        ? remedies.aliasRename(step.id, nameOf(before))
        : remedies.deleteFirst();
    parts.push({
      fate: "at risk",
      cause: { code: "DF401", text, ...(path !== undefined && { path }) },
      remedies: [means],
    });
  }
  if (
    course.kind === "exchanged" &&
    step.operation === "update" &&
    !isKnown(after.definition.updateOrder) &&
    before.definition.replicas !== 0 &&
    !sharesHostPort(before.definition, after.definition) &&
    sharesStorage(change, after)
  ) {
    const text = "The update order is not known yet: with start-first, two tasks have the same files open.";
    parts.push({
      fate: "unknown",
      cause: { code: "DF402", text, path: after.definition.paths.updateOrder },
      remedies: [remedies.stopFirst()],
    });
  }
  const was = before.definition.replicas;
  const is = after.definition.replicas;
  const replicas = after.definition.paths.replicas;
  if (isKnown(was) && !isKnown(is))
    parts.push({
      fate: "unknown",
      cause: { code: "DF403", text: "How many tasks will run is not known yet.", path: replicas },
    });
  if (isKnown(was) && isKnown(is) && is > 0 && is < was && sharesStorage(change, after)) {
    const text =
      "Swarm chooses which of the tasks end. What an ending task saves may overwrite what another one has saved, or stay on a node that has no task any more.";
    const values = { path: replicas, before: String(was), after: String(is) };
    parts.push({ fate: "at risk", cause: { code: "DF404", text, ...values }, remedies: [remedies.oneWriter()] });
  }
  // A task that waits for the port that another one holds does not write.
  const isBlocked = outcome?.cannotStart !== undefined && sharesHostPort(before.definition, after.definition);
  if (isKnown(was) && isKnown(is) && is > was && is > 1 && !isBlocked && sharesStorage(change, after)) {
    const text =
      "Several tasks keep their data in the same volume, or each in another node's volume of that name: they overwrite each other's files, or answer differently.";
    parts.push({
      fate: "at risk",
      cause: { code: "DF405", text, path: replicas, before: String(was), after: String(is) },
      remedies: [remedies.oneWriter()],
    });
  }
  if (course.kind === "goes on" && is === 0) return parts;
  for (const rival of change.rivals) {
    if (runApart(rival.definition.constraints, after.definition.constraints)) continue;
    if (!sharesStorage({ ...change, keeper: change.keeperAfter(after) }, rival)) continue;
    const isOwn = rival === step.after;
    const why = isOwn
      ? `The old service is not deleted and goes on, and "${nameOf(rival)}" is created beside it on the same storage`
      : `Service "${nameOf(rival)}" gets the same storage`;
    parts.push({
      fate: "at risk",
      cause: {
        code: "DF406",
        text: `${why}: two servers write the same files, and neither knows of the other.`,
        path: isOwn ? (step.replaceReasons[0] ?? rival.definition.paths.mounts) : rival.definition.paths.mounts,
      },
      remedies: [isOwn ? remedies.scaleOldFirst(nameOf(before)) : remedies.oneWriter()],
    });
  }
  return parts;
}

function sharesStorage(change: ServiceChange, after: PlannedService): boolean {
  const { keeper } = change;
  const next = change.keeperAfter(after);
  return keeper.places.some((place) => next.places.some((target) => compareStorage(place, target, true) === "same"));
}
