/** What becomes of a service's tasks under a plan, and how long that takes. */
import { nameOf, type PlannedService, type PlannedStep } from "../../model/plan/plan.ts";
import type { TaskComparison } from "../../model/plan/task-template.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import type { StepOutcome } from "./plan-execution.ts";
import type { Side } from "./side.ts";
import type { StartRefusal } from "./startup-refusal.ts";

/** What happens to the tasks, in one word. */
export type TaskEffect = "none" | "replaced" | "moved" | "stopped" | "cannot start";

/** What becomes of a service's tasks. */
export type Course =
  | { readonly kind: "goes on" }
  | {
      readonly kind: "stopped";
      readonly isRemoved: true;
      /** Why the service is no longer there, in a sentence. */
      readonly why: string;
      /** The provider removes the new service, too, because its tasks do not start. */
      readonly isUndone: boolean;
    }
  | ExchangeCourse;

/** The old tasks end, and others take their place. */
export interface ExchangeCourse {
  readonly kind: "exchanged";
  readonly after: Side;
  /** Whether the containers of the old service are removed with their anonymous volumes. */
  readonly isRemoved: boolean;
  readonly overlaps: boolean;
  readonly isCertain: boolean;
  readonly cannotStart: string | undefined;
  /** Swarm takes the update back once the new task has failed, and starts the former one again. */
  readonly isTakenBack: boolean;
}

/** What decides about the course. */
export interface CourseFacts {
  readonly step: PlannedStep;
  readonly outcome: StepOutcome | undefined;
  readonly before: PlannedService;
  /** What takes the place of the tasks, where anything does. */
  readonly after: Side | undefined;
  /** For a service that is deleted: why the one that takes its place does not start. */
  readonly successorCannotStart: string | undefined;
  readonly comparison: TaskComparison | undefined;
  readonly refusal: StartRefusal | undefined;
}

const goesOn: Course = { kind: "goes on" };

function removed({ before, outcome }: CourseFacts): Course {
  const name = nameOf(before);
  const isUndone = outcome?.result === "undone";
  const why = isUndone
    ? `The provider deletes service "${name}" and creates it anew; the new one does not get its tasks to run (${outcome.cannotStart ?? ""}), so the provider removes that one, too, and no service is left.`
    : `Service "${name}" is removed, and with it its tasks.`;
  return { kind: "stopped", isRemoved: true, why, isUndone };
}

/** What becomes of a service's tasks, by the outcome of its step. */
export function courseOf(facts: CourseFacts): Course {
  const { step, outcome, after, successorCannotStart: cannotStart } = facts;
  const result = outcome?.result ?? "done";
  const isGone = outcome?.deletedOld === true;
  const exchange = { kind: "exchanged", isRemoved: true, isCertain: true, isTakenBack: false } as const;
  switch (step.operation) {
    case "create":
    case "same":
      return goesOn;
    case "delete":
      if (!isGone) return goesOn;
      return after === undefined
        ? removed(facts)
        : { ...exchange, after, overlaps: cannotStart === undefined, cannotStart };
    case "replace": {
      if (!isGone || after === undefined) return goesOn;
      if (result === "undone") return removed(facts);
      const overlaps = outcome.overlaps && outcome.cannotStart === undefined;
      return { ...exchange, after, overlaps, cannotStart: outcome.cannotStart };
    }
    case "update": {
      if (after === undefined || (result !== "done" && result !== "stalled" && !isGone)) return goesOn;
      if (after.service.definition.replicas !== 0) return updateCourse(facts, after, outcome?.cannotStart);
      return facts.before.definition.replicas === 0
        ? goesOn
        : { ...exchange, after, overlaps: false, cannotStart: undefined };
    }
  }
}

/** An update in place of a service that is to have tasks. */
function updateCourse(
  { before, comparison, refusal }: CourseFacts,
  after: Side,
  cannotStart: string | undefined,
): Course {
  const { definition } = after.service;
  const isReplaced = comparison?.isReplaced ?? true;
  const wasStopped = before.definition.replicas === 0;
  if (isReplaced === false && !wasStopped) return goesOn;
  const startsFirst = definition.updateOrder === "start-first" && !wasStopped;
  // The old task stays until the new one runs, as one whose server ends at once does for a moment, and has passed its health check.
  const endsAtOnce = refusal?.isWhileOldRuns === true;
  if (startsFirst && cannotStart !== undefined && !(endsAtOnce && !hasHealthCheck(definition))) return goesOn;
  return {
    kind: "exchanged",
    after,
    isRemoved: false,
    overlaps: startsFirst && cannotStart === undefined,
    isCertain: isReplaced === true,
    cannotStart,
    isTakenBack: cannotStart !== undefined && definition.failureAction === "rollback" && endsAtOnce,
  };
}

function hasHealthCheck({ healthCheck }: ServiceDefinition): boolean {
  if (!isKnown(healthCheck) || healthCheck === undefined || !isKnown(healthCheck.test)) return false;
  return healthCheck.test.length > 0 && healthCheck.test[0] !== "NONE";
}
