/** What is told besides the fate: what stops the task, what to look out for, and what was taken for granted. */
import { pinnedHost } from "../../model/placement/task-location.ts";
import type { PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import { isPartOf, templateDifferences, type TaskComparison } from "../../model/plan/task-template.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { belongsToTask, placeWords, type DataKeeper } from "../../model/storage/data-location.ts";
import { showChanges, showProperty, type ShownChange } from "../redaction/property-values.ts";
import type { StepOutcome } from "../simulation/plan-execution.ts";
import { nameOf, type Course, type ServiceChange } from "../simulation/service-change.ts";
import type { Cause, Sighting } from "../verdict/verdict.ts";

/** What makes Swarm or the provider stop the task. */
export function triggers(change: ServiceChange, course: Course): readonly Cause[] {
  const { step, before, comparison, successor } = change;
  const name = nameOf(before);
  if (course.kind === "stopped") return [{ code: "DF005", text: removalWords(change) }];
  if (course.kind === "goes on") return [];
  if (successor !== undefined) {
    return [
      {
        code: "DF003",
        text: `Service "${name}" is deleted and another one is created for it: the program has renamed or moved the resource without an alias.`,
      },
    ];
  }
  const shown = shownChanges(step, before, course.after, comparison);
  const scaled = scaleChange(step, before, course.after);
  if (scaled !== undefined) return [scaled];
  if (step.operation === "replace") {
    const order = step.deletesFirst
      ? "deletes the service and creates it again"
      : "creates the new service and then deletes the old one";
    const forced = shown.filter(({ path }) => step.replaceReasons.some((reason) => isPartOf(path, reason)));
    const text = `The provider cannot change this in place: it ${order}.`;
    return withValues(forced.length > 0 ? forced : shown, { code: "DF002", text }, step.replaceReasons);
  }
  const text = course.isCertain
    ? "The task's specification changes, so Swarm replaces the task."
    : "Swarm may replace the task: what decides it cannot be seen here.";
  return withValues(shown, { code: "DF001", text }, []);
}

/** Why a service is no longer there. */
export function removalWords({ before, outcome }: ServiceChange): string {
  const name = nameOf(before);
  return outcome?.result === "undone"
    ? `The provider deletes service "${name}" and creates it anew; the new one does not get its tasks to run (${outcome.cannotStart ?? ""}), so the provider removes that one, too, and no service is left.`
    : `Service "${name}" is removed, and with it its tasks.`;
}

function withValues(shown: readonly ShownChange[], cause: Cause, paths: readonly string[]): readonly Cause[] {
  if (shown.length > 0) return shown.map((change) => ({ ...cause, ...change }));
  return paths.length > 0 ? paths.map((path) => ({ ...cause, path })) : [cause];
}

function scaleChange(step: PlannedStep, before: PlannedService, after: PlannedService): Cause | undefined {
  if (after.definition.replicas !== 0 || step.operation !== "update") return undefined;
  const path = after.definition.paths.replicas;
  return {
    code: "DF004",
    text: "The service is scaled to 0: its tasks stop, the service and its volumes stay.",
    path,
    before: showProperty(path, before.definition.replicas) ?? "",
    after: "0",
  };
}

/** What changes in a service, fit to be shown. */
export function shownChanges(
  { operation }: PlannedStep,
  before: PlannedService,
  after: PlannedService,
  comparison: TaskComparison | undefined,
): readonly ShownChange[] {
  const named: readonly ShownChange[] =
    before.name === after.name ? [] : showChanges([{ path: "name", before: before.name, after: after.name }]);
  const changes =
    comparison?.changes ??
    (operation === "replace" ? Object.values(templateDifferences(before.template, after.template)).flat() : []);
  const words = ({ definition }: PlannedService, path: string): unknown =>
    path === definition.paths.args
      ? definition.args
      : path === definition.paths.command
        ? definition.command
        : undefined;
  return [...named, ...showChanges(changes, (path) => ({ before: words(before, path), after: words(after, path) }))];
}

/** That a step does not come to pass, and why; `undefined` for one that does. */
export function failureWords(outcome: StepOutcome | undefined): string | undefined {
  if (outcome?.why === undefined || outcome.result === "done") return undefined;
  return `${outcome.result === "not reached" ? "This step is not reached" : "This step fails"}: ${outcome.why}.`;
}

/** Why nothing happens to the data, where no rule has a cause of its own. */
export function quietCause(change: ServiceChange, course: Course): Cause {
  const { step, outcome, comparison } = change;
  const failure = failureWords(outcome);
  if (failure !== undefined) return { code: "DF501", text: failure };
  if (course.kind !== "goes on") return withoutTasksCause(change, course);
  if (step.operation === "same") return { code: "DF010", text: "Nothing about the service changes." };
  if (step.operation === "delete" || step.operation === "replace") return { code: "DF011", text: keptWords(step) };
  const [first] = comparison?.changes ?? [];
  if (comparison === undefined || first === undefined)
    return { code: "DF010", text: "Nothing changes in the task's specification, so Swarm keeps the task." };
  return comparison.stale.length > 0
    ? {
        code: "DF010",
        text: "Swarm sees a task whose placement alone differs, on a node that still matches: it keeps the task and does not compare the endpoint.",
      }
    : {
        code: "DF010",
        text: "Only the placement differs, and the task's node satisfies it: Swarm keeps the task.",
        path: first.path,
      };
}

/** Why the old service is still there where its own step has not failed. */
function keptWords({ isRetained }: PlannedStep): string {
  return isRetained
    ? "The old service is not deleted (retainOnDelete): it stays as it is, and nothing manages it any more."
    : "Another step fails before the old service is deleted: it stays until an `up` gets as far as that.";
}

/** Nothing is stopped where nothing runs. */
function withoutTasksCause({ keeper }: ServiceChange, course: Course): Cause {
  const after = course.kind === "exchanged" ? course.after.definition : undefined;
  const ended = keeper.places.filter(belongsToTask).map(placeWords);
  const also = ended.length === 0 ? "" : ` What lay in ${ended.join(" and ")} ended with the last one.`;
  const cause: Cause = { code: "DF012", text: `The service has had no tasks, so none is stopped.${also}` };
  if (after === undefined || after.replicas === 0) return cause;
  const path = after.paths.replicas;
  const shown = showProperty(path, after.replicas);
  return { ...cause, path, before: "0", ...(shown !== undefined && { after: shown }) };
}

/** Placement constraints in one line, `none` where there are none. */
export function constraintText(constraints: ServiceDefinition["constraints"]): string {
  if (!isKnown(constraints)) return "not known";
  return constraints.map(({ text }) => (isKnown(text) ? text : "…")).join(", ") || "none";
}

/** One side of a change: where the task runs, and what holds its data. */
export function sighting(
  definition: ServiceDefinition,
  keeper: DataKeeper,
  node: string | undefined,
  task: Sighting["task"],
): Sighting {
  const { constraints } = definition;
  const pinned = (isKnown(constraints) ? pinnedHost(constraints) : undefined) ?? constraintText(constraints);
  return {
    node: node ?? (pinned === "none" ? "any node" : pinned),
    task,
    places: keeper.places.map((place) => ({
      text: placeWords(place),
      dataPath: isKnown(place.path) ? place.path : "not known",
    })),
  };
}

/** The side after the change; `undefined` for a service that is removed. */
export function sightingAfter(change: ServiceChange, course: Course): Sighting | undefined {
  const { before, keeper, location } = change;
  if (course.kind === "stopped") return undefined;
  if (course.kind === "goes on")
    return sighting(
      before.definition,
      keeper,
      location?.node,
      before.definition.replicas === 0 ? "stopped" : "running",
    );
  const { definition } = course.after;
  const move = location?.move;
  const node = move?.kind === "moves" ? move.to : move?.kind === "may move" ? move.among : location?.node;
  const task = course.cannotStart !== undefined ? "cannot start" : definition.replicas === 0 ? "stopped" : "running";
  return sighting(definition, change.keeperAfter(course.after), node, task);
}

/** Makes a sentence of a clause. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
