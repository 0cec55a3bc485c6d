import { aliasUrns } from "./aliases.ts";
import { dependentsOf, parseProviderReference } from "./dependency-graph.ts";
import type { Goal } from "./goal.ts";
import { containsPath, ignoreChanges, parsePropertyPath } from "./property-path.ts";
import { equalValues, revealSecrets, Unknown, type PropertyMap } from "./property-value.ts";
import type { CheckFailure, DiffKind, ResourceDiff, ResourceIdentity, ResourceProvider } from "./resource-provider.ts";
import type { ResourceState, Snapshot, Urn } from "./resource-state.ts";
import { markSecretsLike } from "./secret-marks.ts";
import { isDefaultProvider, type Step } from "./step.ts";
import { createUrn, parseUrn } from "./urn.ts";

/** What a planner knows besides the goals that it is given. */
export interface PlannerContext {
  stack: string;
  project: string;
  base: Snapshot;
  /** The provider behind a reference `<urn>::<id>`. */
  provider(reference: string): ResourceProvider;
  /** Seeds automatic names; 32 random bytes for each resource. */
  randomSeed(): Uint8Array;
  /** Judges checked inputs before a step is chosen; may change them (remediation). Throws to refuse. */
  review(resource: ResourceState): Promise<PropertyMap>;
}

/** A resource that the program declared and that can't be had as it is declared. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  readonly urn: Urn;
  constructor(urn: Urn, message: string) {
    super(message);
    this.urn = urn;
  }
}

type Reasons = Pick<Step, "replaceReasons" | "diffReasons" | "detailedDiff">;

/** The steps for one goal, with the warnings that belong to it. */
export interface Plan {
  steps: Step[];
  /** The state that the program's resource will have. */
  state: ResourceState;
  warnings: string[];
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
  /** Former URNs of each registered resource, for its children to inherit. */
  readonly #aliases = new Map<Urn, Urn[]>();
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
  async plan(goal: Goal, provider: string | undefined): Promise<Plan> {
    const { stack, project } = this.#context;
    const urn = createUrn(stack, project, goal.parent, goal.type, goal.name);
    if (this.#news.has(urn)) throw new PlanError(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    const old = this.#findOld(urn, goal);
    const known = old && !old.pendingReplacement && !old.external ? old : undefined;
    const declared = known ? ignoreChanges(goal.inputs, known.inputs, goal.ignoreChanges) : goal.inputs;
    const randomSeed = this.#context.randomSeed();
    const identity: ResourceIdentity = { urn, type: goal.type, name: goal.name };
    const check = (olds: PropertyMap): PropertyMap =>
      provider === undefined ? declared : this.#check(identity, provider, olds, declared, randomSeed);

    const state = newState(urn, goal, provider, check(known?.inputs ?? {}));
    const checked = state.inputs;
    state.inputs = await this.#context.review(state);
    this.#news.set(urn, state);
    if (!old) return { steps: [step("create", { new: state, hooks: goal.hooks })], state, warnings: [] };
    this.#reached.add(old);
    // A resource that takes the place of another is a new one: it gets an automatic name of its own.
    const checkAnew = async (): Promise<void> => {
      const remediated = !equalValues(checked, state.inputs);
      state.inputs = markSecretsLike(check({}), state.inputs);
      if (remediated) state.inputs = await this.#context.review(state);
    };
    const deletedFor = this.#deletedForReplacement.get(old.urn);
    if (deletedFor !== undefined) {
      await checkAnew();
      return { steps: replaceDeleted(old, state, goal, deletedFor), state, warnings: [] };
    }
    if (old.pendingReplacement) return { steps: recreate(old, state, goal), state, warnings: [] };
    copyTimes(state, old);
    const diff = applyReplaceOnChanges(this.#diff(identity, provider, old, state), goal.replaceOnChanges);
    const { warnings } = diff;
    const details = { diffReasons: diff.diffs, detailedDiff: diff.detailedDiff };
    if (mustReplace(diff) || providerChanged(old, state)) {
      // Whoever takes the protection off may replace it in the same update.
      if (old.protect && goal.protect) throw new PlanError(urn, protectedMessage(urn));
      await checkAnew();
      const reasons = { ...details, replaceReasons: [...new Set(diff.replaces)] };
      const deleteFirst = goal.deleteBeforeReplace ?? diff.deleteBeforeReplace;
      return { steps: this.#replace(old, state, goal, reasons, deleteFirst), state, warnings };
    }
    const steps =
      diff.changes || old.initErrors.length > 0
        ? [step("update", { old, new: state, hooks: goal.hooks, ...details })]
        : [step("same", { old, new: state })];
    return { steps, state, warnings };
  }

  /**
   * What is to be deleted when the program has declared everything: what it no longer declares, and the old versions
   * that replacements left behind. In dependency order; deletions run in the reverse one.
   */
  planDeletions(): Step[] {
    return this.#context.base.resources.flatMap((old): Step[] => {
      if (old.delete) return [{ operation: "delete-replaced", urn: old.urn, old }];
      if (this.#reached.has(old) || this.#deletedForReplacement.has(old.urn)) return [];
      return old.pendingReplacement
        ? [{ operation: "remove-pending-replace", urn: old.urn, old }]
        : [{ operation: "delete", urn: old.urn, old }];
    });
  }

  /** The old state of a goal, under its URN or a former one that no other goal has taken. */
  #findOld(urn: Urn, goal: Goal): ResourceState | undefined {
    const { stack, project } = this.#context;
    const inherited = goal.parent === undefined ? [] : (this.#aliases.get(goal.parent) ?? []);
    const aliases = aliasUrns(
      { stack, project, type: goal.type, name: goal.name, parent: goal.parent },
      goal.aliases,
      inherited,
    );
    this.#aliases.set(urn, aliases);
    return [urn, ...aliases]
      .map((candidate) => this.#olds.get(candidate))
      .find((state) => state && !this.#reached.has(state));
  }

  #replace(old: ResourceState, state: ResourceState, goal: Goal, reasons: Reasons, deleteFirst: boolean): Step[] {
    const replace = step("replace", { old, new: state, ...reasons });
    const create = step("create-replacement", { old, new: state, hooks: goal.hooks, ...reasons });
    if (!deleteFirst) return [create, replace];
    const remove = step("delete-replaced", { old, willBeReplaced: true, ...reasons });
    return [...this.#deleteDependents(old), remove, replace, create];
  }

  #check(
    identity: ResourceIdentity,
    reference: string,
    olds: PropertyMap,
    news: PropertyMap,
    randomSeed: Uint8Array,
  ): PropertyMap {
    const provider = this.#context.provider(reference);
    const { inputs, failures } = provider.check(identity, {
      olds: revealSecrets(olds),
      news: revealSecrets(news),
      randomSeed,
    });
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
    if (reference === undefined || old.id === undefined) return plainDiff(old.inputs, state.inputs);
    return this.#context.provider(reference).diff(identity, {
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
          `unable to replace resource "${dependent.urn}" as part of replacing "${replaced.urn}" as it is currently marked for protection.`,
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
      .filter(([, urns]) => urns.some((urn) => deleted.has(urn)))
      .map(([name]) => name);
    if (affected.length === 0 || dependent.provider === undefined || dependent.id === undefined) return undefined;
    const news = { ...dependent.inputs, ...Object.fromEntries(affected.map((name) => [name, Unknown.value])) };
    const diff = this.#diff(
      { urn: dependent.urn, type: dependent.type, name: parseUrn(dependent.urn).name },
      dependent.provider,
      dependent,
      { ...dependent, inputs: news },
    );
    return mustReplace(diff) ? diff.replaces : undefined;
  }
}

function step(operation: Step["operation"], rest: Omit<Step, "operation" | "urn">): Step {
  return { operation, urn: rest.new?.urn ?? rest.old?.urn ?? "", ...rest };
}

/** What an earlier operation deleted in order to replace it, and did not come to create again. */
function recreate(old: ResourceState, state: ResourceState, goal: Goal): Step[] {
  return [step("remove-pending-replace", { old }), step("create-replacement", { old, new: state, hooks: goal.hooks })];
}

/** What this operation has deleted already, because something that it depends on is replaced. */
function replaceDeleted(old: ResourceState, state: ResourceState, goal: Goal, reasons: string[]): Step[] {
  const why = { replaceReasons: reasons, diffReasons: reasons };
  return [
    step("replace", { old, new: state, ...why }),
    step("create-replacement", { old, new: state, hooks: goal.hooks, ...why }),
  ];
}

function protectedMessage(urn: Urn): string {
  return `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``;
}

function newState(urn: Urn, goal: Goal, provider: string | undefined, inputs: PropertyMap): ResourceState {
  return {
    urn,
    type: goal.type,
    custom: goal.custom,
    inputs,
    outputs: {},
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    hideDiffs: goal.hideDiffs,
    aliases: [],
    initErrors: [],
    ...(goal.parent !== undefined && { parent: goal.parent }),
    ...(provider !== undefined && { provider }),
    ...(goal.protect && { protect: true }),
    ...(goal.retainOnDelete && { retainOnDelete: true }),
    ...(goal.deletedWith !== undefined && { deletedWith: goal.deletedWith }),
    ...(goal.customTimeouts && { customTimeouts: goal.customTimeouts }),
    ...(goal.sourcePosition !== undefined && { sourcePosition: goal.sourcePosition }),
  };
}

function copyTimes(state: ResourceState, old: ResourceState): void {
  if (old.created !== undefined) state.created = old.created;
  if (old.modified !== undefined) state.modified = old.modified;
}

function mustReplace(diff: ResourceDiff): boolean {
  return diff.replaces.length > 0 || Object.values(diff.detailedDiff).some((kind) => kind.endsWith("-replace"));
}

/** A move from one default provider to another of the same package changes nothing; any other move replaces. */
function providerChanged(old: ResourceState, state: ResourceState): boolean {
  if (old.provider === state.provider || old.provider === undefined || state.provider === undefined) return false;
  const before = parseProviderReference(old.provider).urn;
  const after = parseProviderReference(state.provider).urn;
  return before !== after && !(isDefaultProvider(before) && isDefaultProvider(after));
}

/** What has no provider of its own differs when its inputs do. */
function plainDiff(olds: PropertyMap, news: PropertyMap): ResourceDiff {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = names.filter((name) => !equalValues(olds[name], news[name]));
  const kind = (name: string): DiffKind => (!(name in olds) ? "add" : !(name in news) ? "delete" : "update");
  return {
    changes: diffs.length > 0,
    diffs,
    replaces: [],
    detailedDiff: Object.fromEntries(diffs.map((name) => [name, kind(name)])),
    deleteBeforeReplace: false,
    warnings: [],
  };
}

/** The resource option `replaceOnChanges`: a listed property that differs forces a replacement (`applyReplaceOnChanges`). */
function applyReplaceOnChanges(diff: ResourceDiff, paths: readonly string[]): ResourceDiff {
  if (!diff.changes || paths.length === 0) return diff;
  const patterns = paths.map(parsePropertyPath);
  const detailedDiff = Object.fromEntries(
    Object.entries(diff.detailedDiff).map(([path, kind]): [string, DiffKind] => {
      const differing = parsePropertyPath(path);
      const listed = patterns.some((pattern) => containsPath(pattern, differing));
      return [path, listed ? replaceKind(kind) : kind];
    }),
  );
  return { ...diff, detailedDiff };
}

function replaceKind(kind: DiffKind): DiffKind {
  switch (kind) {
    case "add":
      return "add-replace";
    case "delete":
      return "delete-replace";
    case "update":
      return "update-replace";
    default:
      return kind;
  }
}

function failureMessage(identity: ResourceIdentity, failure: CheckFailure): string {
  const property = failure.property === "" ? "" : ` has a problem with property ${failure.property}`;
  return `${identity.type} resource '${identity.name}'${property || " has a problem"}: ${failure.reason}`;
}
