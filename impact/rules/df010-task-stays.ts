import { belongsToTask, placeWords } from "../../model/storage/data-location.ts";
import { showProperty } from "../redaction/property-values.ts";
import { rule, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";

type Code = "DF010" | "DF011" | "DF012";

/** Why nothing is stopped. */
export const taskStays = rule<Code>(
  {
    DF010: "The task stays",
    DF011: "The old service stays",
    DF012: "No task is stopped, because none runs",
  },
  (facts) => {
    const { course, before, failure } = facts;
    // What fails is told by the rule about that.
    if (failure !== undefined) return [];
    if (course.kind === "goes on") return [goesOn(facts)];
    return before.service.definition.replicas === 0 ? [withoutTasks(facts)] : [];
  },
);

function goesOn({ step, comparison }: ServiceFacts): Diagnostic<Code> {
  const stays = { code: "DF010", fate: "untouched" } as const;
  if (step.operation === "same") return { ...stays, text: "Nothing about the service changes." };
  if (step.operation === "delete" || step.operation === "replace") {
    const text = step.isRetained
      ? "The old service is not deleted (retainOnDelete): it stays as it is, and nothing manages it any more."
      : "Another step fails before the old service is deleted: it stays until an `up` gets as far as that.";
    return { code: "DF011", fate: "untouched", text };
  }
  const [first] = comparison?.changes ?? [];
  if (comparison === undefined || first === undefined)
    return { ...stays, text: "Nothing changes in the task's specification, so Swarm keeps the task." };
  if (comparison.stale.length > 0)
    return {
      ...stays,
      text: "Swarm sees a task whose placement alone differs, on a node that still matches: it keeps the task and does not compare the endpoint.",
    };
  const text = "Only the placement differs, and the task's node satisfies it: Swarm keeps the task.";
  return { ...stays, text, path: first.path };
}

function withoutTasks({ before, course }: ServiceFacts): Diagnostic<Code> {
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
