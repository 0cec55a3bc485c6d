/**
 * What a plan removes only after it has created everything new. A successor needs what the old service still has: the name, the
 * data volume, a port, capacity on a node. That is a deadlock, because the old service is removed only once the new one runs.
 */
import { renameAdvice, type Obstacle } from "../../model/placement/feasibility.ts";
import type { Plan, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import { isKnown, labelOf } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { namedVolumes } from "./swarm-claims.ts";

/** The names of the services that are removed last; `docker stack deploy --prune` removes first. */
export function removedLast({ executor, steps }: Plan): ReadonlySet<string> {
  if (executor === "stack deploy") return new Set();
  return new Set(
    steps.flatMap(({ operation, before }) =>
      operation === "delete" && before?.kind === "service" && isKnown(before.name) ? [before.name] : [],
    ),
  );
}

/**
 * Why a new service cannot be created before its predecessor is removed: only one service can have a name, and only one of these
 * components can have a volume, unless they declare it as shared.
 *
 * @param from - the deletion
 * @param to - the creation
 */
export function whyBothAtOnce({ executor }: Plan, from: PlannedStep, to: PlannedStep): Obstacle | undefined {
  const { before } = from;
  const { after } = to;
  if (executor === "stack deploy" || before?.kind !== "service" || after?.kind !== "service") return undefined;
  if (!isKnown(before.name)) return undefined;
  const taken = before.name === after.name ? `the name "${before.name}"` : sharedVolume(before, after);
  if (taken === undefined) return undefined;
  const { name } = after.definition;
  const has = `${taken}, which the service "${before.name}" has until this one runs`;
  return {
    kind: "removed last",
    service: name,
    path: `service "${name}"`,
    expected: "a service that needs nothing of one which the plan removes after it",
    got: has,
    fix: renameAdvice([before.name], formerName(from.id)),
    why: `it needs ${has}`,
  };
}

function sharedVolume(before: PlannedService, after: PlannedService): string | undefined {
  const { definition } = after;
  if (labelOf(definition, ownerLabels.stack) === undefined) return undefined;
  if (labelOf(definition, serviceLabels.shared) !== undefined) return undefined;
  const had = namedVolumes(before.definition);
  const volume = namedVolumes(definition).find((each) => isKnown(each) && had.includes(each));
  return volume === undefined || !isKnown(volume) ? undefined : `the data volume "${volume}"`;
}

/** The name of the component that created a service, by the service's URN; without one, the service's own name. */
function formerName(urn: string): string | undefined {
  const [, , types, name] = urn.split("::");
  return types?.includes("$") === true ? name?.replace(/-service$/u, "") : name;
}
