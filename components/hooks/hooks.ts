import * as pulumi from "@pulumi/pulumi";
import * as sdkState from "@pulumi/pulumi/runtime/state.js";
import { pulumiPlan, type PreviewedProperties } from "../../inputs/pulumi/plan.ts";
import type { Plan } from "../../model/plan/plan.ts";

/** The one-step plan for the resource that a hook is called with. */
export function hookPlan(
  op: "create" | "update" | "delete",
  { urn, id, type, oldInputs, oldOutputs, newInputs }: pulumi.ResourceHookArgs,
): Plan {
  const state = (inputs: PreviewedProperties | undefined, outputs: PreviewedProperties | undefined) => ({
    urn,
    type,
    id,
    inputs: inputs ?? {},
    outputs: outputs ?? {},
    isProtected: false,
    isRetained: false,
    isPendingReplacement: false,
    isToBeDeleted: false,
    dependencies: [],
    created: undefined,
    modified: undefined,
  });
  const step = {
    op,
    urn,
    type,
    before: op === "create" ? undefined : state(oldInputs, oldOutputs),
    after: op === "delete" ? undefined : state(newInputs, undefined),
    changedPaths: [],
    replaceReasons: [],
    deletesFirst: undefined,
  };
  return pulumiPlan({ steps: [step], unseen: 0, errors: [], policyFindings: [] }, "pulumi");
}

/**
 * A hook's resource values in clear text, for requests to the engine and comparisons; never to be shown. Parts that a preview
 * does not know yet are undefined.
 */
export async function plainValues(values: Record<string, unknown> | undefined): Promise<Record<string, unknown>> {
  // The SDK's second argument, which its types leave out: without it nothing is called where any part is unknown.
  const all = pulumi.output(values ?? {}) as unknown as {
    apply: (take: (plain: Record<string, unknown>) => void, runWithUnknowns: boolean) => void;
  };
  const plain = await new Promise<Record<string, unknown>>((resolve) => {
    all.apply(resolve, true);
  });
  return knownMembers(plain);
}

function knownMembers(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, known(value)]));
}

function known(value: unknown): unknown {
  if (pulumi.isUnknown(value)) return undefined;
  if (Array.isArray(value)) return value.map(known);
  return typeof value === "object" && value !== null ? knownMembers(value) : value;
}

/** Whether hooks can be registered: nothing calls them under Pulumi's mocks, in a program's unit tests. */
export function takesHooks(): boolean {
  // The mocks' monitor is typed as a whole one and lacks this method.
  const monitor = pulumi.runtime.getMonitor() as { registerResourceHook?: unknown } | undefined;
  return typeof monitor?.registerResourceHook === "function";
}

/** Hooks before a resource is created or updated; none when nothing would call them. */
export function beforeChanges(
  kind: string,
  hook: (moment: "create" | "update", args: pulumi.ResourceHookArgs) => Promise<void>,
): pulumi.ResourceHookBinding {
  if (!takesHooks()) return {};
  const name = `holdfast-${kind}-${nextHookNumber(kind)}`;
  const at = (moment: "create" | "update") =>
    new pulumi.ResourceHook(`${name}-${moment}`, (args) => hook(moment, args));
  return { beforeCreate: [at("create")], beforeUpdate: [at("update")] };
}

/** Hooks need unique names: returns the next number for hooks of a kind, in the order in which the program declares them. */
export function nextHookNumber(kind: string): number {
  const number = (lastNumbers.get(kind) ?? 0) + 1;
  lastNumbers.set(kind, number);
  return number;
}

const lastNumbers = new Map<string, number>();

/** Whether the engine calls hooks when an operation fails; older versions of Pulumi do not, and refuse programs that have such hooks. */
export function takesErrorHooks(): boolean {
  // The SDK's types leave it out; nothing else says what the engine has answered.
  const { getStore } = sdkState as unknown as { getStore: () => { supportsErrorHooks: boolean } };
  return takesHooks() && getStore().supportsErrorHooks;
}

/** Several bindings as one, each moment's hooks in their order. */
export function joinHooks(bindings: readonly pulumi.ResourceHookBinding[]): pulumi.ResourceHookBinding {
  return {
    beforeCreate: bindings.flatMap(({ beforeCreate = [] }) => beforeCreate),
    beforeUpdate: bindings.flatMap(({ beforeUpdate = [] }) => beforeUpdate),
    afterUpdate: bindings.flatMap(({ afterUpdate = [] }) => afterUpdate),
    onError: bindings.flatMap(({ onError = [] }) => onError),
  };
}
