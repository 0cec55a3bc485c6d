import type { StepMetadata, StepOperation } from "./events.ts";
import type { DiffKind } from "./resource-provider.ts";
import type { ResourceState, Urn } from "./resource-state.ts";
import { eventState } from "./event-state.ts";

/** One operation on one resource, planned and perhaps carried out. */
export interface Step {
  operation: StepOperation;
  urn: Urn;
  /** The resource before; absent for a create. */
  old?: ResourceState;
  /** The resource after; absent for a delete. */
  new?: ResourceState;
  /** Top-level properties that force the replacement. */
  replaceReasons?: string[];
  /** Top-level properties that differ. */
  diffReasons?: string[];
  detailedDiff?: Record<string, DiffKind>;
  /** The first half of a delete-before-create: the resource will be created again in the same operation. */
  willBeReplaced?: boolean;
  /** For a creation: what an unfinished operation has left to be deleted and is just what is wanted now. */
  revived?: ResourceState;
}

/** Operations that are halves of another one and therefore not counted (Pulumi: `Step.Logical`). */
const halves: ReadonlySet<StepOperation> = new Set(["create-replacement", "delete-replaced", "remove-pending-replace"]);

/** Whether a person counts the step; the halves of a replacement are not. */
export function isLogical(step: Step): boolean {
  return !halves.has(step.operation);
}

/** Whether the step is about a provider that no program declared; such steps are neither shown nor counted. */
export function isAboutDefaultProvider(step: Step): boolean {
  return isDefaultProvider(step.urn);
}

/** Whether a URN names a default provider: `pulumi:providers:<package>::default…`. */
export function isDefaultProvider(urn: Urn): boolean {
  return /::pulumi:providers:[^:]+::default(_|$)/.test(urn);
}

/** The step as events show it, with every secret masked. */
export function stepMetadata(step: Step): StepMetadata {
  const state = step.new ?? step.old;
  return {
    op: step.operation,
    urn: step.urn,
    type: state?.type ?? "",
    provider: state?.provider ?? "",
    ...(step.old && { old: eventState(step.old) }),
    ...(step.new && { new: eventState(step.new) }),
    ...(step.replaceReasons && step.replaceReasons.length > 0 && { keys: step.replaceReasons }),
    ...(step.diffReasons && step.diffReasons.length > 0 && { diffs: step.diffReasons }),
    ...(step.detailedDiff && {
      detailedDiff: Object.fromEntries(
        Object.entries(step.detailedDiff).map(([path, diffKind]) => [path, { diffKind, inputDiff: false }]),
      ),
    }),
    logical: isLogical(step),
  };
}
