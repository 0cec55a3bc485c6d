/** A pair of states, before and after, as a plan: what must have happened between them. */
import type { Executor, Plan } from "../../model/plan/plan.ts";
import { differences } from "../../model/plan/task-template.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { concernsData, pulumiPlan, type RawStep, type PreviewedState } from "./plan.ts";
import { optionalList, optionalMapping, readResource, requireMapping, WrongForm } from "./resource.ts";

/**
 * Makes a plan of two states.
 *
 * @throws InputError when one is no state
 */
export function planBetweenStates(
  before: { document: unknown; file: string },
  after: { document: unknown; file: string },
  executor: Executor,
): Plan {
  const olds = resources(before.document, before.file);
  const news = resources(after.document, after.file);
  const steps = [...news.values()].map((next) =>
    rawStep(operation(olds.get(next.urn), next), olds.get(next.urn), next),
  );
  const gone = [...olds.values()].filter(({ urn }) => !news.has(urn)).toReversed();
  const all = [...steps, ...gone.map((old) => rawStep("delete", old, old))];
  return pulumiPlan({ steps: all, unseen: 0, errors: [], policyFindings: [] }, executor);
}

/**
 * Reads one state, as steps that change nothing.
 *
 * @throws InputError when it is none
 */
export function stateSteps(document: unknown, file: string): readonly RawStep[] {
  return Array.from(resources(document, file).values(), (state) => rawStep("same", undefined, state));
}

function resources(document: unknown, file: string): ReadonlyMap<string, PreviewedState> {
  try {
    const whole = requireMapping(document, "the top");
    const checkpoint = optionalMapping(whole["checkpoint"], "checkpoint");
    const state = checkpoint
      ? optionalMapping(checkpoint["latest"], "checkpoint.latest")
      : requireMapping(whole["deployment"], "deployment");
    const read = (optionalList(state?.["resources"], "resources") ?? []).map((resource, index) =>
      readResource(resource, `resources.${index}`),
    );
    return new Map(
      read.filter(({ type, isToBeDeleted }) => concernsData(type) && !isToBeDeleted).map((each) => [each.urn, each]),
    );
  } catch (error) {
    if (error instanceof WrongForm) throw notState(file, error.path);
    throw error;
  }
}

function rawStep(op: string, before: PreviewedState | undefined, { urn, type, ...rest }: PreviewedState): RawStep {
  return {
    op,
    urn,
    type,
    before,
    after: op === "delete" ? undefined : { urn, type, ...rest },
    changedPaths: [],
    replaceReasons: [],
    deletesFirst: undefined,
  };
}

/** Another id is another object in Docker. */
function operation(before: PreviewedState | undefined, after: PreviewedState): string {
  if (before === undefined) return "create";
  if (before.id !== undefined && after.id !== undefined && before.id !== after.id) return "replace";
  return differences(before.inputs, after.inputs, "").length === 0 ? "same" : "update";
}

function notState(file: string, path: string): InputError {
  return new InputError({
    path: printable(file),
    expected: "a state, as `pulumi stack export` writes it",
    got: `another form at ${path}`,
    fix: "Export it again with that command (Pulumi 3)",
  });
}
