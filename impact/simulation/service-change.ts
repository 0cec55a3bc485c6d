/** What becomes of a service's tasks under a plan, and how long that takes. */
import { matchingNodes } from "../../model/placement/constraints.ts";
import type { Location } from "../../model/placement/task-location.ts";
import type { LiveFacts, Plan, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import type { TaskComparison } from "../../model/plan/task-template.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import type { TaskEffect } from "../verdict/verdict.ts";
import { expectOutage, noOutage, type Outage } from "./outage.ts";
import type { StepOutcome } from "./plan-execution.ts";
import { preparation, redisSide } from "./redis-restart.ts";
import { whyRefused } from "./startup-refusal.ts";

/** All that is known of one service's change. */
export interface ServiceChange {
  readonly plan: Plan;
  readonly step: PlannedStep;
  readonly before: PlannedService;
  readonly keeper: DataKeeper;
  readonly outcome: StepOutcome | undefined;
  /** What takes its place when it is deleted; it then starts before this one stops. */
  readonly successor: { readonly service: PlannedService; readonly cannotStart: string | undefined } | undefined;
  /** Other services that the plan gives a volume of this one. */
  readonly rivals: readonly PlannedService[];
  readonly comparison: TaskComparison | undefined;
  readonly location: Location | undefined;
  /** Volumes that the plan deletes, by name, with the step that does. */
  readonly destroyedVolumes: ReadonlyMap<string, PlannedStep>;
  readonly live: LiveFacts;
  /** What keeps the data in a service that takes its place. */
  readonly keeperAfter: (after: PlannedService) => DataKeeper;
}

/** What becomes of a service's tasks. */
export type Course =
  | { readonly kind: "goes on" }
  | { readonly kind: "stopped"; readonly isRemoved: boolean }
  | {
      readonly kind: "exchanged";
      readonly after: PlannedService;
      /** Whether the containers of the old service are removed with their anonymous volumes. */
      readonly isRemoved: boolean;
      readonly overlaps: boolean;
      readonly isCertain: boolean;
      readonly cannotStart: string | undefined;
      /** Swarm takes the update back once the new task has failed, and starts the former one again. */
      readonly isTakenBack?: true;
    };

/** The service's name in Docker; where that is not known yet, its name in the program. */
export function nameOf({ name, definition }: PlannedService): string {
  return isKnown(name) ? name : definition.name;
}

/** Why no task of a service runs now that is meant to; `undefined` where one does, and where nobody asked. */
export function whyDown({ before, live }: Pick<ServiceChange, "before" | "live">): string | undefined {
  return live.down?.get(nameOf(before));
}

/** Whether a service may have containers on the engine that the executor talks to, as far as that is known. */
export function mayRunHere(service: PlannedService, { engineNode, nodes, taskNodes }: LiveFacts): boolean {
  if (engineNode === undefined || nodes === undefined) return true;
  const running = taskNodes?.get(nameOf(service));
  if (running !== undefined) return running.includes(engineNode);
  const matching = matchingNodes(service.definition.constraints, nodes);
  // One that no node may run has its data wherever it ran before.
  return !isKnown(matching) || matching.length === 0 || matching.some(({ id }) => id === engineNode);
}

/** Whether a service that is replaced goes on beside its new version: it is retained, or `up` fails before it is deleted. */
export function runsBesideNew(outcome: StepOutcome | undefined): boolean {
  if (outcome?.result !== "done" || !outcome.overlaps || outcome.deletedOld) return false;
  const { after } = outcome.step;
  return outcome.cannotStart === undefined && after?.kind === "service" && after.definition.replicas !== 0;
}

/** What the service is once the plan is carried out; `undefined` for one that is removed. */
export function serviceThen({ step, outcome, before }: ServiceChange, course: Course): PlannedService | undefined {
  if (course.kind === "stopped") return undefined;
  if (course.kind === "exchanged") return course.after;
  const isUpdated = step.operation === "update" && (outcome?.result === "done" || outcome?.result === "stalled");
  return isUpdated && step.after?.kind === "service" ? step.after : before;
}

/** What becomes of a service's tasks, by the outcome of its step. */
export function courseOf(change: ServiceChange): Course {
  const { step, outcome, comparison, successor, before } = change;
  const result = outcome?.result ?? "done";
  const isGone = outcome?.deletedOld === true;
  const goesOn: Course = { kind: "goes on" };
  const after = step.after?.kind === "service" ? step.after : undefined;
  if (step.operation === "delete") {
    if (!isGone) return goesOn;
    if (successor === undefined) return { kind: "stopped", isRemoved: true };
    const { service, cannotStart } = successor;
    return {
      kind: "exchanged",
      after: service,
      isRemoved: true,
      overlaps: cannotStart === undefined,
      isCertain: true,
      cannotStart,
    };
  }
  if (after === undefined || step.operation === "same" || (result !== "done" && result !== "stalled" && !isGone))
    return goesOn;
  const cannotStart = outcome?.cannotStart;
  if (step.operation === "replace") {
    if (!isGone) return goesOn;
    if (result === "undone") return { kind: "stopped", isRemoved: true };
    return {
      kind: "exchanged",
      after,
      isRemoved: true,
      overlaps: outcome.overlaps && cannotStart === undefined,
      isCertain: true,
      cannotStart,
    };
  }
  if (after.definition.replicas === 0) {
    return before.definition.replicas === 0
      ? goesOn
      : { kind: "exchanged", after, isRemoved: true, overlaps: false, isCertain: true, cannotStart: undefined };
  }
  const isReplaced = comparison?.isReplaced ?? true;
  const wasStopped = before.definition.replicas === 0;
  if (isReplaced === false && !wasStopped) return goesOn;
  const startsFirst = after.definition.updateOrder === "start-first" && !wasStopped;
  // The old task stays until the new one runs, as one whose server ends at once does for a moment, and has passed its health check.
  if (startsFirst && cannotStart !== undefined && !(endsAtOnce(change, after) && !hasHealthCheck(after.definition)))
    return goesOn;
  return {
    kind: "exchanged",
    after,
    isRemoved: false,
    overlaps: startsFirst && cannotStart === undefined,
    isCertain: isReplaced === true,
    cannotStart,
    ...(cannotStart !== undefined && isTakenBack(change, after) && { isTakenBack: true }),
  };
}

/**
 * Whether Swarm rolls an update back whose new task does not start: it must fail, and one that waits for a node or a port does not.
 *
 * @see https://github.com/moby/swarmkit/blob/master/manager/orchestrator/update/updater.go (`failureAction`)
 */
function isTakenBack(change: ServiceChange, after: PlannedService): boolean {
  return after.definition.failureAction === "rollback" && endsAtOnce(change, after);
}

/** Whether the new task's container starts, and its server ends because it refuses the files. */
function endsAtOnce({ before, keeper, location, keeperAfter }: ServiceChange, after: PlannedService): boolean {
  const next = { service: after, keeper: keeperAfter(after) };
  return whyRefused({ service: before, keeper }, next, { location, overlaps: true }) !== undefined;
}

function hasHealthCheck({ healthCheck }: ServiceDefinition): boolean {
  if (!isKnown(healthCheck) || healthCheck === undefined || !isKnown(healthCheck.test)) return false;
  return healthCheck.test.length > 0 && healthCheck.test[0] !== "NONE";
}

/** The course in the one word of a verdict. */
export function effectOf({ location, before }: ServiceChange, course: Course): TaskEffect {
  if (course.kind === "goes on") return "none";
  if (course.kind === "stopped" || course.after.definition.replicas === 0)
    return before.definition.replicas === 0 ? "none" : "stopped";
  if (course.cannotStart !== undefined) return "cannot start";
  return location?.move.kind === "moves" ? "moved" : "replaced";
}

/** What the start script of a service that takes this one's place makes of its files. */
function preparedFor({ before, keeper, keeperAfter }: ServiceChange, after: PlannedService): PreparedFile | undefined {
  const [was, is] = [redisSide(before.definition, keeper), redisSide(after.definition, keeperAfter(after))];
  return was && is && preparation(was, is);
}

/** How long the service does not answer on its course. */
export function outageOf(change: ServiceChange, course: Course): Outage {
  const { before, keeper, live, step } = change;
  if (before.definition.replicas === 0) return noOutage;
  const isDownNow = whyDown(change) !== undefined;
  if (course.kind === "goes on")
    return isDownNow ? { leastSeconds: 0, mostSeconds: undefined, parts: [], isDownNow } : noOutage;
  const after = course.kind === "exchanged" ? course.after.definition : undefined;
  const [old, next] = [before.definition.image, after?.image];
  const imageChanges =
    next !== undefined && (old.digest !== next.digest || old.tag !== next.tag || old.repository !== next.repository);
  const outage = expectOutage({
    before: before.definition,
    after,
    keeper,
    kind: course.kind === "stopped" ? "gone" : step.operation === "update" ? "in place" : "service replaced",
    cannotStart: course.kind === "exchanged" ? course.cannotStart : undefined,
    isTakenBack: course.kind === "exchanged" && course.isTakenBack === true,
    imageChanges,
    datasetBytes: live.datasetBytes?.get(nameOf(before)),
    isDownNow,
    prepares: course.kind === "exchanged" ? preparedFor(change, course.after) : undefined,
  });
  return {
    ...outage,
    ...(course.kind === "exchanged" && (!course.isCertain || course.overlaps) && { leastSeconds: 0 }),
    ...(isDownNow && { isDownNow }),
  };
}
