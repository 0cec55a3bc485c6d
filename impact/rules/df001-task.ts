import { isPartOf } from "../../model/plan/task-template.ts";
import { belongsToTask, placeWords } from "../../model/storage/data-location.ts";
import { showProperty, type ShownChange } from "../redaction/property-values.ts";
import { rule, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";

type TaskStopsCode = "DF001" | "DF002" | "DF003" | "DF004" | "DF005";

/** What makes Swarm or the provider stop the task. */
export const taskStops = rule<TaskStopsCode>(
  {
    DF001: "The task is replaced",
    DF002: "The service is replaced",
    DF003: "The service is renamed without an alias",
    DF004: "The service is scaled to 0",
    DF005: "The service is removed",
  },
  ({ name, step, before, course, isRenamed, changes }) => {
    if (course.kind === "keeps running" || before.service.definition.replicas === 0) return [];
    if (course.kind === "stopped") return [{ code: "DF005", fate: "interrupted", text: course.why }];
    if (isRenamed) {
      const text = `Service "${name}" is deleted and another one is created for it: the program has renamed or moved the resource without an alias.`;
      return [{ code: "DF003", fate: "interrupted", text }];
    }
    const { definition } = course.after.service;
    if (definition.replicas === 0 && step.operation === "update")
      return [scaledToNothing(definition.paths.replicas, before.service.definition.replicas)];
    if (step.operation === "replace") return replaced(step, changes);
    const text = course.isCertain
      ? "The task's specification changes, so Swarm replaces the task."
      : "Swarm may replace the task: what decides it cannot be seen here.";
    return withValues(changes, { code: "DF001", fate: "interrupted", text }, []);
  },
);

function scaledToNothing(path: string, replicas: unknown): Diagnostic<TaskStopsCode> {
  const text = "The service is scaled to 0: its tasks stop, the service and its volumes stay.";
  const values = { path, before: showProperty(path, replicas) ?? "", after: "0" };
  return { code: "DF004", fate: "interrupted", text, ...values };
}

function replaced(
  { deletesFirst, replaceReasons }: ServiceFacts["step"],
  changes: readonly ShownChange[],
): readonly Diagnostic<TaskStopsCode>[] {
  const order = deletesFirst
    ? "deletes the service and creates it again"
    : "creates the new service and then deletes the old one";
  const text = `The provider cannot change this in place: it ${order}.`;
  const forced = changes.filter(({ path }) => replaceReasons.some((reason) => isPartOf(path, reason)));
  const cause = { code: "DF002", fate: "interrupted", text } as const;
  return withValues(forced.length > 0 ? forced : changes, cause, replaceReasons);
}

function withValues(
  changes: readonly ShownChange[],
  cause: Diagnostic<TaskStopsCode>,
  paths: readonly string[],
): readonly Diagnostic<TaskStopsCode>[] {
  if (changes.length > 0) return changes.map((change) => ({ ...cause, ...change }));
  return paths.length > 0 ? paths.map((path) => ({ ...cause, path })) : [cause];
}

type TaskStaysCode = "DF010" | "DF011" | "DF012";

/** Why nothing is stopped. */
export const taskStays = rule<TaskStaysCode>(
  {
    DF010: "The task stays",
    DF011: "The old service stays",
    DF012: "No task is stopped, because none runs",
  },
  (facts) => {
    const { course, before, failure } = facts;
    // Failures are reported by another rule.
    if (failure !== undefined) return [];
    if (course.kind === "keeps running") return [keepsRunning(facts)];
    return before.service.definition.replicas === 0 ? [withoutTasks(facts)] : [];
  },
);

function keepsRunning({ step, comparison }: ServiceFacts): Diagnostic<TaskStaysCode> {
  const stays = { code: "DF010", fate: "untouched" } as const;
  if (step.operation === "same") return { ...stays, text: "Nothing about the service changes." };
  if (step.operation === "delete" || step.operation === "replace") {
    const text = step.isRetained
      ? "The old service is not deleted (retainOnDelete): it stays as it is, and nothing manages it from then on."
      : "Another step fails before the old service is deleted: it stays until an `up` gets that far.";
    return { code: "DF011", fate: "untouched", text };
  }
  const [first] = comparison?.changes ?? [];
  if (comparison === undefined || first === undefined)
    return { ...stays, text: "Nothing changes in the task's specification, so Swarm keeps the task." };
  if (comparison.stale.length > 0)
    return {
      ...stays,
      text: "Swarm sees that only the placement of the task differs, and that its node still matches: it keeps the task and does not compare the endpoint.",
    };
  const text = "Only the placement differs, and the task's node satisfies it: Swarm keeps the task.";
  return { ...stays, text, path: first.path };
}

function withoutTasks({ before, course }: ServiceFacts): Diagnostic<TaskStaysCode> {
  const ended = before.keeper.places.filter(belongsToTask).map(placeWords);
  const also = ended.length === 0 ? "" : ` What lay in ${ended.join(" and ")} ended with the last one.`;
  const text = `The service has had no tasks, so none is stopped.${also}`;
  const cause = { code: "DF012", fate: "untouched", text } as const;
  const after = course.kind === "exchanged" ? course.after.service.definition : undefined;
  if (after === undefined || after.replicas === 0) return cause;
  const path = after.paths.replicas;
  const shown = showProperty(path, after.replicas);
  return { ...cause, path, before: "0", ...(shown !== undefined && { after: shown }) };
}
