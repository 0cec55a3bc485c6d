/** Missing configurations that a service names: it was rolled back by hand to a version whose files had been deleted. */
import type { LiveFacts, Plan, PlannedStep } from "../../model/plan/plan.ts";
import { isKnown, notKnown, type MountedFile } from "../../model/service/definition.ts";

/**
 * Fills in what a service's files contained when it last ran, if it names configurations that no longer exist. Swarm does not
 * delete a configuration in use, and starts no task without it. So nothing has run since that rollback, and the last task ran
 * with the configurations that existed when the files were deleted: those that the plan finds and restores.
 */
export function withFilesOfLastRun(plan: Plan, { configNames }: LiveFacts): Plan {
  return configNames === undefined
    ? plan
    : { ...plan, steps: plan.steps.map((step) => withFilesOf(step, configNames)) };
}

function withFilesOf(step: PlannedStep, present: ReadonlySet<string>): PlannedStep {
  const { before, after } = step;
  if (before?.kind !== "service" || after?.kind !== "service") return step;
  const { configs: was } = before.definition;
  const { configs: is } = after.definition;
  if (!isKnown(was) || !isKnown(is)) return step;
  const isThere = ({ name }: MountedFile): boolean => isKnown(name) && name !== undefined && present.has(name);
  const configs = was.map((file): MountedFile => {
    if (file.content !== notKnown || !isKnown(file.name) || isThere(file)) return file;
    const given = is.find(({ target }) => isKnown(target) && target === file.target);
    return given !== undefined && isThere(given) ? { ...file, content: given.content } : file;
  });
  return { ...step, before: { ...before, definition: { ...before.definition, configs } } };
}
