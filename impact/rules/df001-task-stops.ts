import { isPartOf } from "../../model/plan/task-template.ts";
import { showProperty, type ShownChange } from "../redaction/property-values.ts";
import { rule, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";

type Code = "DF001" | "DF002" | "DF003" | "DF004" | "DF005";

/** What makes Swarm or the provider stop the task. */
export const taskStops = rule<Code>(
  {
    DF001: "The task is replaced",
    DF002: "The service is replaced",
    DF003: "The service is renamed without an alias",
    DF004: "The service is scaled to 0",
    DF005: "The service is removed",
  },
  ({ name, step, before, course, isRenamed, changes }) => {
    if (course.kind === "goes on" || before.service.definition.replicas === 0) return [];
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

function scaledToNothing(path: string, replicas: unknown): Diagnostic<Code> {
  const text = "The service is scaled to 0: its tasks stop, the service and its volumes stay.";
  const values = { path, before: showProperty(path, replicas) ?? "", after: "0" };
  return { code: "DF004", fate: "interrupted", text, ...values };
}

function replaced(
  { deletesFirst, replaceReasons }: ServiceFacts["step"],
  changes: readonly ShownChange[],
): readonly Diagnostic<Code>[] {
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
  cause: Diagnostic<Code>,
  paths: readonly string[],
): readonly Diagnostic<Code>[] {
  if (changes.length > 0) return changes.map((change) => ({ ...cause, ...change }));
  return paths.length > 0 ? paths.map((path) => ({ ...cause, path })) : [cause];
}
