import { advised } from "../../text/advised-command.ts";
import { showValue } from "../../text/input-error.ts";
import { aliasUrns } from "../model/aliases.ts";
import { dependentsOf, parseProviderReference } from "../model/dependency-graph.ts";
import type { Goal } from "../model/goal.ts";
import { PlanError } from "../model/plan-error.ts";
import { ignoreChanges } from "../model/property-path.ts";
import { equalValues, revealSecrets, Unknown, type PropertyMap, type PropertyValue } from "../model/property-value.ts";
import { identityOf, type CheckFailure, type ResourceDiff, type ResourceIdentity } from "../model/resource-provider.ts";
import type { ResourceState, Snapshot, Urn } from "../model/resource-state.ts";
import { markSecretsLike } from "../model/secret-marks.ts";
import { isDefaultProvider, type Step } from "../model/step.ts";
import { createUrn, parseUrn } from "../model/urn.ts";
import type { PolicyReview } from "../policy/review.ts";
import type { Providers } from "./provider-registry.ts";
import { applyReplaceOnChanges, diffComponent, diffConfiguration, mustReplace } from "./resource-diff.ts";

/** What a planner needs besides the goals. */
export interface PlannerContext {
  stack: string;
  project: string;
  base: Snapshot;
  providers: Providers;
  /** Seeds automatic names; 32 random bytes for each resource. */
  randomSeed(): Uint8Array;
  /** Reviews checked inputs before a step is chosen; may change them (remediation), and throws to refuse. */
  review: Promise<Pick<PolicyReview, "resource">>;
}

type Reasons = Pick<Step, "replaceReasons" | "diffReasons" | "detailedDiff">;

/** The steps for one goal, with the warnings that belong to it. */
export interface GoalPlan {
  steps: Step[];
  /** The state that the program's resource will have. */
  state: ResourceState;
  warnings: string[];
  /** Why the steps can't be carried out; a preview shows them nevertheless. */
  refusal?: PlanError;
}

/**
 * Turns goals into steps, one after the other in the order in which the program registers them, and at the end finds
 * what the program no longer declares (Pulumi: pkg/resource/deploy/step_generator.go).
 */
export class Planner {
  readonly #context: PlannerContext;
  readonly #olds = new Map<Urn, ResourceState>();
  readonly #news = new Map<Urn, ResourceState>();
  /** Old states that a planned step has dealt with. */
  readonly #reached = new Set<ResourceState>();
  /** Former URNs by the present one, of resources that were found under an alias. */
  readonly #formerUrns = new Map<Urn, Urn>();
  /** Resources that an unfinished operation has left to be deleted and that are wanted again. */
  readonly #revived = new Set<ResourceState>();
  /** Old states that were deleted because something they depend on is replaced, with the properties that did it. */
  readonly #deletedForReplacement = new Map<Urn, string[]>();

  constructor(context: PlannerContext) {
    this.#context = context;
    for (const state of context.base.resources) if (!state.delete) this.#olds.set(state.urn, state);
  }

  /** The resource registered under a URN in this operation. */
  registered(urn: Urn): ResourceState | undefined {
    return this.#news.get(urn);
  }

  /** Plans one goal. `provider` is the reference of the provider that a custom resource will have. */
  async plan(goal: Goal, provider: string | undefined): Promise<GoalPlan> {
    const { stack, project } = this.#context;
    const urn = createUrn(stack, project, goal.parent, goal.type, goal.name);
    if (this.#news.has(urn)) throw new PlanError(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    const old = this.#findOld(urn, goal);
    const deletedFor = old && this.#deletedForReplacement.get(old.urn);
    const isKnown = old !== undefined && deletedFor === undefined && !old.external;
    const randomSeed = this.#context.randomSeed();
    const identity: ResourceIdentity = { urn, type: goal.type, name: goal.name };
    const check = (olds: PropertyMap, news: PropertyMap): PropertyMap =>
      provider === undefined ? news : this.#check(identity, provider, olds, news, randomSeed);

    const state = newState(
      urn,
      goal,
      provider,
      isKnown ? check(old.inputs, ignoreChanges(goal.inputs, old.inputs, goal.ignoreChanges)) : check({}, goal.inputs),
    );
    const checked = state.inputs;
    const review = await this.#context.review;
    state.inputs = await review.resource(state, goal.deleteBeforeReplace);
    this.#news.set(urn, state);
    const revived = (checked: ResourceState) => this.#revive(identity, goal, checked, check);
    if (!old) return { steps: [step("create", { new: state, ...revived(state) })], state, warnings: [] };
    this.#reached.add(old);
    if (deletedFor !== undefined) return { steps: replaceDeleted(old, state, deletedFor), state, warnings: [] };
    if (old.external) return { steps: replaceLater(old, state), state, warnings: [] };

    carryOver(state, old);
    const diff = applyReplaceOnChanges(
      this.#diff(identity, provider, old, state),
      goal.replaceOnChanges,
      old.initErrors.length > 0,
    );
    const warnings = [...diff.warnings, ...movedToAnotherProvider(old, state)];
    const details = { diffReasons: diff.diffs, detailedDiff: diff.detailedDiff };
    if (old.pendingReplacement || mustReplace(diff)) {
      // A replacement is a new resource: it gets a new automatic name, and has no changes to ignore.
      const remediated = !equalValues(checked, state.inputs);
      state.inputs = markSecretsLike(check({}, goal.inputs), state.inputs);
      if (remediated) state.inputs = await review.resource(state, goal.deleteBeforeReplace);
      const reasons = { ...details, replaceReasons: [...new Set(diff.replaces)] };
      const deleteFirst = goal.deleteBeforeReplace ?? diff.deleteBeforeReplace;
      const steps = this.#replace(old, state, { ...reasons, ...revived(state) }, deleteFirst);
      const isProtected = old.protect === true && state.protect === true;
      return { steps, state, warnings, ...(isProtected && { refusal: new PlanError(urn, protectedMessage(urn)) }) };
    }
    const hasFailed = old.initErrors.length > 0;
    const steps = diff.changes
      ? [step("update", { old, new: state, ...details })]
      : [step(hasFailed ? "update" : "same", { old, new: state })];
    return { steps, state, warnings };
  }

  /**
   * What to delete when the program has declared everything: what it no longer declares, and the old versions that
   * replacements left behind. In dependency order; deletions run in the reverse one.
   */
  planDeletions(): Step[] {
    return this.#context.base.resources.flatMap((old): Step[] => {
      if (this.#revived.has(old)) return [];
      if (old.delete) return [{ operation: "delete-replaced", urn: old.urn, old }];
      if (this.#reached.has(old) || this.#deletedForReplacement.has(old.urn)) return [];
      return old.pendingReplacement
        ? [{ operation: "remove-pending-replace", urn: old.urn, old }]
        : [{ operation: "delete", urn: old.urn, old }];
    });
  }

  /**
   * Looks for the resource to create among those that an unfinished operation left to be deleted: a change that is reverted gets
   * its former resource back, with the name and id that others still refer to. Pulumi would create another one.
   *
   * @throws PlanError when a resource with other content still has the name that the program gives
   */
  #revive(
    identity: ResourceIdentity,
    goal: Goal,
    state: ResourceState,
    check: (olds: PropertyMap, news: PropertyMap) => PropertyMap,
  ): { revived?: ResourceState } {
    if (!state.custom || state.provider === undefined) return {};
    const pending = this.#context.base.resources.filter(
      (old) => old.delete && old.type === state.type && old.provider === state.provider && !this.#revived.has(old),
    );
    for (const old of pending.filter((each) => each.urn === state.urn && each.id !== undefined)) {
      const inputs = check(old.inputs, ignoreChanges(goal.inputs, old.inputs, goal.ignoreChanges));
      if (this.#diff(identity, state.provider, old, { ...state, inputs }).changes) continue;
      this.#revived.add(old);
      state.inputs = inputs;
      return { revived: old };
    }
    const holder = pending.find(
      (old) => old.inputs["name"] !== undefined && equalValues(old.inputs["name"], state.inputs["name"]),
    );
    if (holder) throw new PlanError(state.urn, nameHeldMessage(parseUrn(holder.urn).name, state.inputs["name"] ?? ""));
    return {};
  }

  /** The old state of a goal: the first under its URN or a former one. */
  #findOld(urn: Urn, goal: Goal): ResourceState | undefined {
    const { stack, project } = this.#context;
    const aliases = aliasUrns(
      { stack, project, type: goal.type, name: goal.name, parent: goal.parent },
      goal.aliases,
      (parent) => this.#formerUrns.get(parent),
    );
    const old = [urn, ...aliases].map((candidate) => this.#olds.get(candidate)).find((state) => state !== undefined);
    if (!old) return undefined;
    if (this.#reached.has(old) || this.#news.has(old.urn)) throw new PlanError(urn, this.#takenMessage(old.urn, urn));
    if (old.urn !== urn) this.#formerUrns.set(urn, old.urn);
    return old;
  }

  /** Why a resource can't have an old state that another one has already. */
  #takenMessage(former: Urn, urn: Urn): string {
    const holder = [...this.#formerUrns].find(([, taken]) => taken === former)?.[0] ?? former;
    return former === urn
      ? `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${holder}'`
      : `Duplicate resource alias '${former}' applied to resource with URN '${urn}' conflicting with resource with URN '${holder}'`;
  }

  #replace(
    old: ResourceState,
    state: ResourceState,
    { revived, ...reasons }: Reasons & Pick<Step, "revived">,
    deleteFirst: boolean,
  ): Step[] {
    const replace = step("replace", { old, new: state, ...reasons });
    const create = step("create-replacement", {
      old,
      new: state,
      ...reasons,
      ...(revived && { revived }),
    });
    if (!deleteFirst) return [create, replace];
    const remove = step("delete-replaced", { old, willBeReplaced: true, ...reasons });
    // An interrupted operation that was replacing it has deleted it already.
    return [...this.#deleteDependents(old), ...(old.pendingReplacement ? [] : [remove]), replace, create];
  }

  #check(
    identity: ResourceIdentity,
    reference: string,
    olds: PropertyMap,
    news: PropertyMap,
    randomSeed: Uint8Array,
  ): PropertyMap {
    const provider = this.#context.providers.get(reference);
    const { inputs, failures } = provider.check(identity, { olds, news, randomSeed });
    if (failures.length > 0)
      throw new PlanError(identity.urn, failures.map((failure) => failureMessage(identity, failure)).join("\n"));
    return markSecretsLike(inputs, news);
  }

  #diff(
    identity: ResourceIdentity,
    reference: string | undefined,
    old: ResourceState,
    state: ResourceState,
  ): ResourceDiff {
    if (!state.custom) return diffComponent(old.inputs, state.inputs);
    if (reference === undefined || old.id === undefined) return diffConfiguration(old.inputs, state.inputs);
    return this.#context.providers.get(reference).diff(identity, {
      id: old.id,
      oldInputs: revealSecrets(old.inputs),
      oldOutputs: revealSecrets(old.outputs),
      news: revealSecrets(state.inputs),
      ignoreChanges: state.ignoreChanges,
    });
  }

  /**
   * Deletions that a delete-before-create brings about: a dependent that its provider would replace, were every
   * property that depends on the replaced resource unknown, can't stay while that resource is gone
   * (step_generator.go, `calculateDependentReplacements`).
   */
  #deleteDependents(replaced: ResourceState): Step[] {
    const deleted = new Set([replaced.urn]);
    const live = [...this.#olds.values()].filter((state) => !this.#deletedForReplacement.has(state.urn));
    const steps: Step[] = [];
    for (const dependent of dependentsOf(replaced.urn, live)) {
      if (!dependent.custom || this.#news.has(dependent.urn)) continue;
      const keys = this.#replacedBy(dependent, deleted);
      if (keys === undefined) continue;
      if (dependent.protect)
        throw new PlanError(
          replaced.urn,
          `unable to replace resource "${dependent.urn}" as part of replacing "${replaced.urn}" as it is currently marked for protection. ${unprotectAdvice()}`,
        );
      deleted.add(dependent.urn);
      this.#deletedForReplacement.set(dependent.urn, keys);
      steps.push({
        operation: "delete-replaced",
        urn: dependent.urn,
        old: dependent,
        willBeReplaced: true,
        replaceReasons: keys,
      });
    }
    return steps.reverse();
  }

  #replacedBy(dependent: ResourceState, deleted: ReadonlySet<Urn>): string[] | undefined {
    if (dependent.provider !== undefined && deleted.has(parseProviderReference(dependent.provider).urn)) return [];
    const affected = Object.entries(dependent.propertyDependencies)
      .filter(([name, urns]) => name in dependent.inputs && urns.some((urn) => deleted.has(urn)))
      .map(([name]) => name);
    if (affected.length === 0 || dependent.provider === undefined || dependent.id === undefined) return undefined;
    const news = { ...dependent.inputs, ...Object.fromEntries(affected.map((name) => [name, Unknown.value])) };
    const diff = applyReplaceOnChanges(
      this.#diff(identityOf(dependent), dependent.provider, dependent, { ...dependent, inputs: news }),
      dependent.replaceOnChanges,
      false,
    );
    return mustReplace(diff) ? diff.replaces : undefined;
  }
}

function step(operation: Step["operation"], rest: Omit<Step, "operation" | "urn">): Step {
  return { operation, urn: rest.new?.urn ?? rest.old?.urn ?? "", ...rest };
}

/** Steps for what this operation has deleted already, because something that it depends on is replaced. */
function replaceDeleted(old: ResourceState, state: ResourceState, replaceReasons: string[]): Step[] {
  return [step("replace", { old, new: state }), step("create-replacement", { old, new: state, replaceReasons })];
}

/** Steps that replace a resource which the stack has only read so far. */
function replaceLater(old: ResourceState, state: ResourceState): Step[] {
  return [step("create-replacement", { old, new: state }), step("replace", { old, new: state })];
}

function unprotectAdvice(): string {
  return `Revert the change; or, if your own program protects it and its data is no longer needed, remove the \`protect\` flag there and run \`${advised("up")}\``;
}

function protectedMessage(urn: Urn): string {
  return `unable to replace resource "${urn}"\nas it is currently marked for protection. ${unprotectAdvice()}`;
}

/** A name that the program gives and an earlier version still has; Docker would refuse it, or answer with the earlier one. */
function nameHeldMessage(resource: string, name: PropertyValue): string {
  return `The name ${showValue(revealSecrets({ name })["name"])} is still used by an earlier version of ${showValue(resource)}, because the run that would have deleted it did not finish. Leave out \`name\` so that Pulumi chooses one, or choose another; the earlier version is deleted at the end of the next successful \`up\`.`;
}

/** Pulumi assumes that the new provider finds the resource, wherever it looks for it. */
function movedToAnotherProvider(old: ResourceState, state: ResourceState): string[] {
  if (old.provider === undefined || state.provider === undefined) return [];
  const [before, after] = [old, state].map((of) => parseProviderReference(of.provider ?? "").urn);
  if (before === undefined || after === undefined || before === after) return [];
  if (isDefaultProvider(before) && isDefaultProvider(after)) return [];
  return [
    `the provider changes from ${parseUrn(before).name} to ${parseUrn(after).name}, which neither moves nor replaces the resource. Give it another name to create it on the other engine.`,
  ];
}

function newState(urn: Urn, goal: Goal, provider: string | undefined, inputs: PropertyMap): ResourceState {
  const { name: _, version: __, provider: ___, deleteBeforeReplace: ____, protect, retainOnDelete, ...kept } = goal;
  return {
    ...kept,
    urn,
    inputs,
    outputs: {},
    aliases: [],
    initErrors: [],
    ...(provider !== undefined && { provider }),
    ...(protect && { protect: true }),
    ...(retainOnDelete && { retainOnDelete: true }),
  };
}

/** Keeps what only the state knows of a resource. */
function carryOver(state: ResourceState, { created, modified, sourcePosition, stackTrace }: ResourceState): void {
  if (created !== undefined) state.created = created;
  if (modified !== undefined) state.modified = modified;
  if (sourcePosition !== undefined) state.sourcePosition = sourcePosition;
  if (stackTrace !== undefined) state.stackTrace = stackTrace;
}

function failureMessage(identity: ResourceIdentity, failure: CheckFailure): string {
  const property = failure.property === "" ? "" : ` has a problem with property ${failure.property}`;
  return `${identity.type} resource '${identity.name}'${property || " has a problem"}: ${failure.reason}`;
}
