/** A pair of states, before and after, as a plan: what must have happened between them. */
import { z } from "zod";
import { InputError } from "../model/input-error.ts";
import { printable } from "../model/plain-text.ts";
import type { Executor, Plan } from "../model/planned-change.ts";
import { differences } from "../model/task-replacement.ts";
import { concernsData, pulumiPlan, resourceState, type RawStep } from "./pulumi-plan.ts";

const deployment = z.object({ resources: z.array(resourceState.required({ urn: true, type: true })).nullish() });

const exported = z.object({ deployment });
const checkpoint = z.object({ checkpoint: z.object({ latest: deployment.nullish() }) });

/** Tells whether a document is a state: `pulumi stack export`, or a checkpoint of the file backend. */
export function isState(document: unknown): boolean {
  return typeof document === "object" && document !== null && ("deployment" in document || "checkpoint" in document);
}

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
  const steps = [...news.values()].map((next): RawStep =>
    rawStep(operation(olds.get(next.urn), next), olds.get(next.urn), next),
  );
  const gone = [...olds.values()].filter(({ urn }) => !news.has(urn)).toReversed();
  return pulumiPlan([...steps, ...gone.map((old) => rawStep("delete", old, undefined))], {
    executor,
    unseen: 0,
    errors: [],
    policyFindings: [],
  });
}

type State = z.infer<typeof deployment>["resources"] extends (infer R)[] | null | undefined ? R : never;

function resources(document: unknown, file: string): ReadonlyMap<string, State> {
  const whole = exported.safeParse(document);
  const file3 = whole.success ? undefined : checkpoint.safeParse(document);
  const found = whole.success
    ? whole.data.deployment
    : file3?.success
      ? (file3.data.checkpoint.latest ?? {})
      : undefined;
  if (found === undefined) throw notState(file);
  const concerned = (found.resources ?? []).filter(({ type, delete: isLeft }) => concernsData(type) && isLeft !== true);
  return new Map(concerned.map((resource) => [resource.urn, resource]));
}

function rawStep(op: string, before: State | undefined, after: State | undefined): RawStep {
  const either = after ?? before;
  return {
    op,
    urn: either?.urn ?? "",
    type: either?.type ?? "",
    before,
    after: op === "delete" ? undefined : after,
    changedPaths: [],
    replaceReasons: [],
    deletesFirst: undefined,
  };
}

/** Another id is another object in Docker. */
function operation(before: State | undefined, after: State): string {
  if (before === undefined) return "create";
  if (before.id && after.id && before.id !== after.id) return "replace";
  return differences(before.inputs ?? {}, after.inputs ?? {}, "").length === 0 ? "same" : "update";
}

function notState(file: string): InputError {
  return new InputError({
    path: printable(file),
    expected: "a state, as `pulumi stack export` writes it",
    got: "another form",
    fix: "Export it again with that command (Pulumi 3)",
  });
}
