import { randomBytes } from "node:crypto";
import { advised } from "../../text/advised-command.ts";
import { errorWords } from "../../text/error-text.ts";
import type { EventBody, StepOperation } from "../model/events.ts";
import type { Goal } from "../model/goal.ts";
import { PlanError } from "../model/plan-error.ts";
import { equalValues, revealSecrets, type PropertyMap } from "../model/property-value.ts";
import { isProviderType, packageOf } from "../model/provider-type.ts";
import type { ResourceState, Snapshot, Urn } from "../model/resource-state.ts";
import { isAboutDefaultProvider, isLogical, stepMetadata, type Step } from "../model/step.ts";
import type { PolicyReview } from "../policy/review.ts";
import { withoutForeignFrames } from "../program/message.ts";
import { EngineStopped, type InvokeAnswer, type ProgramRequests } from "../program/monitor.ts";
import { ResourceHooks, type RegisteredHook } from "../program/resource-hooks.ts";
import { StepExecutor, StepFailure } from "./executor.ts";
import type { Journal } from "./journal.ts";
import { Planner } from "./planner.ts";
import { defaultProviderGoal, ProviderRegistry, type ProviderFactory } from "./provider-registry.ts";
import type { RefreshContext } from "./refresh.ts";

/** What a deployment works with. */
export interface DeploymentContext {
  stack: string;
  project: string;
  preview: boolean;
  base: Snapshot;
  journal: Journal;
  /** Loads the providers, by package name. */
  loadProviders: () => Promise<ReadonlyMap<string, ProviderFactory>>;
  /** Configuration of a package's default provider: `docker:host` and the like. */
  providerConfiguration(packageName: string): PropertyMap;
  send: (event: EventBody) => void;
  /** How many steps may be carried out at once. */
  parallel: number;
  stopSoon: AbortSignal;
  stopNow: AbortSignal;
  /** Reviews a resource before its step is chosen; see `Planner`. */
  review: Promise<Pick<PolicyReview, "resource">>;
}

/** Deploys what one run of the program declares, resource by resource as they are registered. */
export class Deployment implements ProgramRequests {
  readonly #context: DeploymentContext;
  readonly #planner: Planner;
  readonly #registry: ProviderRegistry;
  readonly #executor: StepExecutor;
  readonly #hooks: ResourceHooks;
  readonly #defaultProviders = new Map<string, Promise<string>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #declared = Promise.withResolvers<undefined>();
  readonly #stopped = Promise.withResolvers<undefined>();
  readonly #released = Promise.withResolvers<undefined>();
  readonly #stateOf = new Map<Urn, ResourceState>();
  readonly #changes: Partial<Record<StepOperation, number>> = {};
  #planning: Promise<unknown> = Promise.resolve();
  #deleted: ReadonlySet<Urn> = new Set();
  #failure: Error | undefined;
  /** What an update would fail on; a preview continues, so that it shows everything. */
  #refusal: Error | undefined;

  constructor(context: DeploymentContext) {
    this.#context = context;
    const { stack, project, base, review } = context;
    const olds = new Map(base.resources.map((state) => [state.urn, state]));
    this.#registry = new ProviderRegistry(
      context.loadProviders,
      (urn) => this.#planner.registered(urn) ?? olds.get(urn),
    );
    const randomSeed = () => randomBytes(32);
    this.#planner = new Planner({ stack, project, base, providers: this.#registry, randomSeed, review });
    this.#hooks = new ResourceHooks(context.preview);
    this.#executor = new StepExecutor({
      hooks: this.#hooks,
      preview: context.preview,
      journal: context.journal,
      providers: this.#registry,
      send: context.send,
      parallel: context.parallel,
      isDeleted: (urn) => this.#deleted.has(urn),
      stopNow: context.stopNow,
    });
    const stop = (): void => {
      this.#stopped.resolve(undefined);
    };
    context.stopSoon.addEventListener("abort", stop, { once: true });
    context.stopNow.addEventListener("abort", stop, { once: true });
  }

  /** Resolves when the program has declared everything. */
  get declared(): Promise<undefined> {
    return this.#declared.promise;
  }

  /** Resolves when something has failed or a stop was requested. */
  get stopped(): Promise<undefined> {
    return this.#stopped.promise;
  }

  /** The first failure, if there was one. */
  get failure(): Error | undefined {
    return this.#failure ?? this.#refusal;
  }

  /** How many resources each kind of step concerned so far. */
  get changes(): Partial<Record<StepOperation, number>> {
    return this.#changes;
  }

  /** The resources that the program declared, in the order of their completion. */
  get registered(): ResourceState[] {
    return [...this.#stateOf.values()];
  }

  async register(goal: Goal): Promise<ResourceState> {
    return this.#track(async () => {
      await this.#registry.load();
      this.#registry.check(goal);
      const provider = await this.#providerOf(goal);
      // One goal is planned at a time; its steps are carried out in parallel with those of others.
      const planned = this.#planning.then(async () => {
        this.#refuseWhenStopped();
        return this.#planner.plan(goal, provider);
      });
      this.#planning = planned.catch(() => undefined);
      const { steps, state, warnings, refusal } = await planned;
      for (const message of warnings)
        this.#context.send({ diagnosticEvent: { urn: state.urn, severity: "warning", message } });
      if (refusal && !this.#context.preview) throw refusal;
      if (refusal) this.#reportRefusal(refusal);
      for (const step of steps) await this.#execute(step);
      this.#stateOf.set(state.urn, state);
      return state;
    });
  }

  async registerOutputs(urn: Urn, outputs: PropertyMap): Promise<void> {
    const state = this.#stateOf.get(urn);
    if (!state) throw new Error(`outputs were registered for ${urn}, which is not registered itself`);
    const differs = !equalValues(state.outputs, outputs);
    state.outputs = outputs;
    if (differs) await this.#context.journal.touch();
    this.#context.send({
      resOutputsEvent: {
        metadata: stepMetadata({ operation: "same", urn, old: state, new: state }),
        planning: this.#context.preview,
      },
    });
  }

  async invoke(token: string, args: PropertyMap, provider: string | undefined, version: string): Promise<InvokeAnswer> {
    return this.#track(async () => {
      await this.#registry.load();
      const reference = provider ?? (await this.#defaultProvider(packageOf(token), version));
      return this.#registry.get(reference).invoke(token, revealSecrets(args));
    });
  }

  registerHook(name: string, hook: RegisteredHook): void {
    this.#hooks.register(name, hook);
  }

  async declaredEverything(): Promise<void> {
    this.#declared.resolve(undefined);
    await this.#released.promise;
  }

  log(entry: Parameters<ProgramRequests["log"]>[0]): void {
    const { severity, message, urn, ephemeral } = entry;
    if (severity === "error") this.fail(new StepFailure(message));
    const shown = withoutForeignFrames(message);
    const about = { ephemeral, ...(urn !== undefined && { urn }) };
    this.#context.send({ diagnosticEvent: { severity, message: shown, ...about } });
    if (shown !== message) this.#context.send({ diagnosticEvent: { severity: "debug", message, ...about } });
  }

  /** Loads the providers while the program starts in its own process. */
  prepare(): void {
    // A failure is reported when a provider is needed.
    this.#registry.load().catch(() => undefined);
  }

  /** Lets the program end, once nothing more will be asked of it. */
  release(): void {
    this.#hooks.close();
    this.#released.resolve(undefined);
  }

  /** The program ended before it had declared everything. */
  programFailed(exitCode: number, reported: boolean): void {
    const message = `the program ended with exit code ${exitCode}`;
    this.fail(reported ? new StepFailure(message) : new Error(message));
  }

  /** Has the policy packs analyse the whole stack, once the program has declared everything. */
  async judge(review: PolicyReview): Promise<void> {
    await this.settled();
    if (this.#failure) return;
    try {
      await review.stack(this.registered);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Deletes what the program no longer declares, once it has declared everything. */
  async deleteTheRest(): Promise<void> {
    await this.settled();
    if (this.#failure || this.#context.stopSoon.aborted || this.#context.stopNow.aborted) return;
    await this.delete(this.#planner.planDeletions());
  }

  /** Carries out deletions, after checking whether any of them is forbidden. */
  async delete(steps: readonly Step[]): Promise<void> {
    const forbidden = steps.filter((step) => step.operation === "delete" && step.old?.protect);
    for (const { urn } of forbidden) this.#reportRefusal(new PlanError(urn, protectedMessage(urn)));
    if (this.failure && !this.#context.preview) return;
    this.#deleted = new Set(steps.map((step) => step.urn));
    try {
      await this.#registry.load();
      await this.#executor.executeDeletions(steps);
      for (const step of steps) if (!forbidden.includes(step)) this.#count(step);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Does something else with the deployment's providers and journal, such as a refresh. */
  async perform(work: (context: RefreshContext) => Promise<void>): Promise<void> {
    const { preview, journal, send } = this.#context;
    try {
      await this.#registry.load();
      await work({
        preview,
        journal,
        send,
        providers: this.#registry,
        count: (operation) => {
          this.#increment(operation);
        },
      });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Reports a failure, unless it has been reported, and stops what has not begun. */
  fail(error: unknown): void {
    if (error instanceof EngineStopped) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    // A failed step has reported its error already.
    if (!(failure instanceof StepFailure)) this.#report(failure);
    this.#failure ??= failure;
    this.#stopped.resolve(undefined);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  async #execute(step: Step): Promise<void> {
    this.#refuseWhenStopped();
    await this.#executor.execute(step);
    this.#count(step);
  }

  #count(step: Step): void {
    if (isLogical(step) && !isAboutDefaultProvider(step)) this.#increment(step.operation);
  }

  #increment(operation: StepOperation): void {
    this.#changes[operation] = (this.#changes[operation] ?? 0) + 1;
  }

  async #providerOf(goal: Goal): Promise<string | undefined> {
    if (!goal.custom || isProviderType(goal.type)) return undefined;
    return goal.provider ?? this.#defaultProvider(packageOf(goal.type), goal.version);
  }

  #defaultProvider(packageName: string, version: string): Promise<string> {
    const goal = defaultProviderGoal(packageName, version, this.#context.providerConfiguration(packageName));
    const key = `${packageName}@${version}`;
    const known = this.#defaultProviders.get(key);
    if (known) return known;
    const reference = this.register(goal).then((state) => `${state.urn}::${state.id ?? ""}`);
    this.#defaultProviders.set(key, reference);
    return reference;
  }

  /** Follows a request until its end. */
  async #track<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #refuseWhenStopped(): void {
    if (this.#failure || this.#context.stopSoon.aborted || this.#context.stopNow.aborted)
      throw new EngineStopped("the engine has stopped");
  }

  #report(failure: Error): void {
    const urn = failure instanceof PlanError ? { urn: failure.urn } : {};
    this.#context.send({ diagnosticEvent: { severity: "error", message: errorWords(failure), ...urn } });
  }

  /** Reports what must not be done. An update stops, a preview continues. */
  #reportRefusal(refusal: PlanError): void {
    this.#report(refusal);
    this.#refusal ??= refusal;
  }
}

function protectedMessage(urn: Urn): string {
  return `resource "${urn}" cannot be deleted\nbecause it is protected. To delete it, remove its \`protect\` flag in the program, run \`${advised("up")}\`, and then remove the resource`;
}
