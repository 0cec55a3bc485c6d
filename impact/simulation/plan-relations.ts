/** How the steps of a plan relate: which volumes exist, what takes the place of what, who gets a volume. */
import type { Plan, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import { isKnown, type Known } from "../../model/service/definition.ts";
import { placeOfVolume } from "../../model/storage/data-location.ts";
import type { VolumeFacts } from "./facts.ts";
import type { StepOutcome } from "./plan-execution.ts";
import { namedVolumes, type VolumesByName } from "./swarm-claims.ts";

type Outcomes = ReadonlyMap<string, StepOutcome>;

/** The volumes that exist before the plan. */
export function volumesBefore({ steps }: Plan): VolumesByName {
  return new Map(
    steps.flatMap(({ before }) =>
      before?.kind === "volume" && isKnown(before.name) ? [[before.name, before.definition]] : [],
    ),
  );
}

/** The volumes that the plan deletes, by name, with the step that does. */
export function destroyedVolumes(outcomes: Outcomes): ReadonlyMap<string, PlannedStep> {
  const destroyed = new Map<string, PlannedStep>();
  for (const { step, deletedOld } of outcomes.values()) {
    if (deletedOld && step.before?.kind === "volume" && isKnown(step.before.name))
      destroyed.set(step.before.name, step);
  }
  return destroyed;
}

/** The volumes that the plan deletes, or would, and that no service it shows has mounted. */
export function volumesWithoutService(plan: Plan, outcomes: Outcomes): readonly VolumeFacts[] {
  const mounted = new Set<Known<string | undefined>>();
  for (const { before } of plan.steps) {
    if (before?.kind === "service" && isKnown(before.definition.mounts)) {
      for (const { source } of before.definition.mounts) mounted.add(source);
    }
  }
  return plan.steps.flatMap((step): readonly VolumeFacts[] => {
    const { before } = step;
    const outcome = outcomes.get(step.id);
    const isDeleted = outcome?.deletedOld === true;
    const isSpared = outcome?.result === "refused" && step.isProtected;
    if (before?.kind !== "volume" || !isKnown(before.name) || mounted.has(before.name) || !(isDeleted || isSpared))
      return [];
    const place = placeOfVolume(before.definition);
    return [{ step, name: before.name, place, isSpared, mayBeInUse: plan.unseen > 0 }];
  });
}

/** A service that is deleted, and what takes its place. */
export interface Renaming {
  readonly from: PlannedStep;
  readonly to: PlannedStep;
}

/**
 * The deletions of services with what takes their place: one that the same plan creates under the Docker name or on the data
 * volume, as when a resource is renamed in the program.
 */
export function renamings(plan: Plan, isCreated: (step: PlannedStep) => boolean): readonly Renaming[] {
  const created = new Map<string, PlannedStep>();
  for (const step of plan.steps) {
    if (step.operation !== "create" || step.after?.kind !== "service" || !isCreated(step)) continue;
    for (const key of identities(step.after)) created.set(key, step);
  }
  return plan.steps.flatMap((from) => {
    if (from.operation !== "delete" || from.before?.kind !== "service") return [];
    const key = identities(from.before).find((each) => created.has(each));
    const to = key === undefined ? undefined : created.get(key);
    return to === undefined ? [] : [{ from, to }];
  });
}

/** What identifies a service: its name in Docker, then its volumes. */
function identities({ name, definition }: PlannedService): readonly string[] {
  const volumes = namedVolumes(definition).flatMap((volume) => (isKnown(volume) ? [`volume ${volume}`] : []));
  return [...(isKnown(name) ? [`name ${name}`] : []), ...volumes];
}

/** The services that a plan gives a volume which they did not mount before, by the volume. */
export type NewUsers = ReadonlyMap<string, readonly PlannedStep[]>;

/** Finds the new users of volumes. */
export function findNewUsers(plan: Plan, outcomes: Outcomes): NewUsers {
  const users = new Map<string, PlannedStep[]>();
  for (const step of plan.steps) {
    const { before, after, operation } = step;
    if (operation === "same" || operation === "delete" || after?.kind !== "service") continue;
    if (outcomes.get(step.id)?.result !== "done" || after.definition.replicas === 0) continue;
    const had = before?.kind === "service" ? namedVolumes(before.definition) : [];
    for (const volume of namedVolumes(after.definition)) {
      if (isKnown(volume) && !had.includes(volume)) users.set(volume, [...(users.get(volume) ?? []), step]);
    }
  }
  return users;
}

/** The other services that the plan starts on the volume of one that keeps running. */
export function newUsersBeside(
  { id, operation }: PlannedStep,
  { definition }: PlannedService,
  outcome: StepOutcome | undefined,
  newUsers: NewUsers,
): readonly PlannedService[] {
  // A deleted service's volume is taken over; there is no conflict.
  if (operation === "delete" && outcome?.deletedOld === true) return [];
  const steps = namedVolumes(definition).flatMap((volume) => (isKnown(volume) ? (newUsers.get(volume) ?? []) : []));
  return steps.flatMap((step) => (step.id !== id && step.after?.kind === "service" ? [step.after] : []));
}
