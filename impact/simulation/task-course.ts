/** What becomes of a service's tasks under a plan. */
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import type { ServiceChange } from "./facts.ts";
import type { Side } from "./side.ts";

/** What happens to the tasks, in one word. */
export type TaskEffect = "none" | "replaced" | "moved" | "stopped" | "cannot start";

/** What becomes of a service's tasks. */
export type Course =
  | { readonly kind: "keeps running" }
  | {
      readonly kind: "stopped";
      readonly isRemoved: true;
      /** Why the service is gone, in a sentence. */
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
  /** Swarm rolls the update back once the new task has failed, and starts the former one again. */
  readonly isTakenBack: boolean;
}

const keepsRunning: Course = { kind: "keeps running" };

function removed({ name, outcome }: ServiceChange): Course {
  const isUndone = outcome?.result === "undone";
  const why = isUndone
    ? `The provider deletes service "${name}" and creates it again; the tasks of the new one cannot run (${outcome.cannotStart ?? ""}), so the provider removes that one too, and no service is left.`
    : `Service "${name}" is removed, and with it its tasks.`;
  return { kind: "stopped", isRemoved: true, why, isUndone };
}

/** What becomes of a service's tasks, by the outcome of its step. */
export function courseOf(change: ServiceChange): Course {
  const { step, outcome, before, after, successor } = change;
  const result = outcome?.result ?? "done";
  const isGone = outcome?.deletedOld === true;
  const exchange = { kind: "exchanged", isRemoved: true, isCertain: true, isTakenBack: false } as const;
  switch (step.operation) {
    case "create":
    case "same":
      return keepsRunning;
    case "delete": {
      if (!isGone) return keepsRunning;
      if (after === undefined) return removed(change);
      const cannotStart = successor?.cannotStart;
      return { ...exchange, after, overlaps: cannotStart === undefined, cannotStart };
    }
    case "replace": {
      if (!isGone || after === undefined) return keepsRunning;
      if (result === "undone") return removed(change);
      const { cannotStart } = outcome;
      return { ...exchange, after, overlaps: outcome.overlaps && cannotStart === undefined, cannotStart };
    }
    case "update": {
      if (after === undefined || (result !== "done" && result !== "stalled" && !isGone)) return keepsRunning;
      if (after.service.definition.replicas !== 0) return updateCourse(change, after);
      return before.service.definition.replicas === 0
        ? keepsRunning
        : { ...exchange, after, overlaps: false, cannotStart: undefined };
    }
  }
}

/** An update in place of a service that is to have tasks. */
function updateCourse({ before, comparison, refusal, outcome }: ServiceChange, after: Side): Course {
  const { definition } = after.service;
  const cannotStart = outcome?.cannotStart;
  const isReplaced = comparison?.isReplaced ?? true;
  const wasStopped = before.service.definition.replicas === 0;
  if (isReplaced === false && !wasStopped) return keepsRunning;
  const startsFirst = definition.updateOrder === "start-first" && !wasStopped;
  // The old task stays until the new one runs, as one whose server ends at once does for a moment, and has passed its health check.
  const endsAtOnce = refusal?.isWhileOldRuns === true;
  if (startsFirst && cannotStart !== undefined && !(endsAtOnce && !hasHealthCheck(definition))) return keepsRunning;
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

/** What happens to the tasks, in one word. */
export function taskEffectOf({ before, location }: ServiceChange, course: Course): TaskEffect {
  if (course.kind === "keeps running") return "none";
  if (course.kind === "stopped" || course.after.service.definition.replicas === 0)
    return before.service.definition.replicas === 0 ? "none" : "stopped";
  if (course.cannotStart !== undefined) return "cannot start";
  return location?.move.kind === "moves" ? "moved" : "replaced";
}
