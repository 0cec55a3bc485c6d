import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import pLimit, { type LimitFunction } from "p-limit";
import { errorWords } from "../../text/error-text.ts";
import { deletionBatches } from "../model/dependency-graph.ts";
import type { EventBody } from "../model/events.ts";
import { equalValues, revealSecrets, type PropertyMap } from "../model/property-value.ts";
import {
  PartialFailure,
  type OperationControl,
  type ResourceIdentity,
  type ResourceProvider,
} from "../model/resource-provider.ts";
import type { PendingOperation, ResourceState, Urn } from "../model/resource-state.ts";
import { markSecretOutputs, markSecretsLike } from "../model/secret-marks.ts";
import { isAboutDefaultProvider, stepMetadata, type Step } from "../model/step.ts";
import { timestamp } from "../model/timestamp.ts";
import { parseUrn } from "../model/urn.ts";
import { unknownSentinel } from "../model/wire-value.ts";
import type { ResourceHooks } from "../program/resource-hooks.ts";
import { passPoint } from "../state/write-points.ts";
import type { Journal } from "./journal.ts";

/** What carrying out steps needs. */
export interface ExecutorContext {
  /** Only say what would happen. */
  preview: boolean;
  journal: Journal;
  provider(reference: string): ResourceProvider;
  send: (event: EventBody) => void;
  /** Whether a resource is to be deleted in this operation: what is deleted with it needs no deletion of its own. */
  isDeleted(urn: Urn): boolean;
  hooks: ResourceHooks;
  /** How many steps may be carried out at once. */
  parallel: number;
  /** Aborted when the person asks to stop at once. */
  stopNow: AbortSignal;
}

/** A step that failed; its events have been sent. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
}

/** Carries out steps: asks providers, keeps the journal, tells what happens. */
export class StepExecutor {
  readonly #context: ExecutorContext;
  /** Bounds how many operations run at once. */
  readonly #limit: LimitFunction;

  constructor(context: ExecutorContext) {
    this.#context = context;
    this.#limit = pLimit(context.parallel);
  }

  /** Carries out one step and records it. Throws `StepFailure` when it fails. */
  async execute(step: Step): Promise<void> {
    const { preview } = this.#context;
    const shown = !isAboutDefaultProvider(step);
    if (shown) this.#context.send({ resourcePreEvent: { metadata: stepMetadata(step), planning: preview } });
    const warn = (message: string): void => {
      this.#context.send({ diagnosticEvent: { urn: step.urn, severity: "warning", message } });
    };
    try {
      await this.#context.hooks.run("before", step, warn);
      await this.#limit(() => this.#apply(step));
      // What a hook finds wrong afterwards stops the deployment; the operation itself stands in the state.
      await this.#context.hooks.run("after", step, warn);
    } catch (error) {
      const message = errorWords(error);
      this.#context.send({ diagnosticEvent: { urn: step.urn, severity: "error", message: describe(step, message) } });
      this.#context.send({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps: 0 } });
      throw new StepFailure(message, { cause: error });
    }
    if (shown) this.#context.send({ resOutputsEvent: { metadata: stepMetadata(step), planning: preview } });
  }

  /** Carries out deletions: what is independent at once, and nothing before what depends on it. */
  async executeDeletions(steps: readonly Step[]): Promise<void> {
    const stepOf = new Map(steps.flatMap((step) => (step.old ? [[step.old, step] as const] : [])));
    for (const batch of deletionBatches([...stepOf.keys()])) {
      const outcomes = await Promise.allSettled(batch.map((old) => this.execute(stepOf.get(old) ?? missing(old))));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  async #apply(step: Step): Promise<void> {
    switch (step.operation) {
      case "same":
        return this.#keep(step);
      case "create":
      case "create-replacement":
        return this.#create(step);
      case "update":
        return this.#update(step);
      case "delete":
      case "delete-replaced":
        return this.#delete(step);
      case "remove-pending-replace":
        if (step.old) await this.#context.journal.settle({ old: step.old });
        return;
      case "replace":
      case "read":
      case "read-replacement":
      case "refresh":
        return;
    }
  }

  async #keep(step: Step): Promise<void> {
    const [old, state] = [step.old ?? missing(step), step.new ?? missing(step)];
    if (old.id !== undefined) state.id = old.id;
    state.outputs = old.outputs;
    await this.#context.journal.keep(old, state, bookkeepingDiffers(old, state));
  }

  async #create(step: Step): Promise<void> {
    const state = step.new ?? missing(step);
    const { preview } = this.#context;
    if (!state.custom) stamp(state);
    else if (state.provider === undefined) {
      const { __internal, ...configuration } = state.inputs;
      state.id = preview ? unknownSentinel : randomUUID();
      state.outputs = configuration;
      stamp(state);
    } else if (await this.#revive(step, state)) {
      // It is as it was declared.
    } else if (preview) {
      state.outputs = this.#outputs(
        state,
        this.#provider(state).preview(identity(state), {
          news: revealSecrets(state.inputs),
          ignoreChanges: state.ignoreChanges,
        }),
      );
    } else {
      const began = await this.#begin("creating", state);
      try {
        const created = await this.#provider(state).create(identity(state), {
          news: revealSecrets(state.inputs),
          ...this.#control(state, state.customTimeouts?.createSeconds),
        });
        passPoint("creating.done");
        state.id = created.id;
        state.outputs = this.#outputs(state, created.outputs);
      } catch (error) {
        if (!(error instanceof PartialFailure)) {
          await this.#giveUp(began);
          throw error;
        }
        state.id = error.id;
        state.outputs = this.#outputs(state, error.outputs);
        state.initErrors = [error.message];
        stamp(state);
        await this.#settleCreated(step, state, began);
        throw error;
      }
      stamp(state);
      await this.#settleCreated(step, state, began);
      return;
    }
    await this.#settleCreated(step, state);
  }

  /** Takes a resource that waits for its deletion instead of creating another, if it is still there. */
  async #revive({ revived }: Step, state: ResourceState): Promise<boolean> {
    if (revived?.id === undefined) return false;
    if (this.#context.preview) state.outputs = revived.outputs;
    else {
      const present = await this.#provider(state).read(identity(state), {
        id: revived.id,
        inputs: revealSecrets(revived.inputs),
        outputs: revealSecrets(revived.outputs),
      });
      if (!present) return false;
      state.outputs = this.#outputs(state, present.outputs);
    }
    state.id = revived.id;
    if (revived.created !== undefined) state.created = revived.created;
    state.modified = timestamp();
    return true;
  }

  /** A replaced resource that still exists stays in the state until it is deleted. */
  async #settleCreated(
    { operation, old, revived }: Step,
    state: ResourceState,
    began?: PendingOperation,
  ): Promise<void> {
    const replaced = operation === "create-replacement" ? old : undefined;
    const gone = replaced?.pendingReplacement ? replaced : undefined;
    if (replaced && !gone) replaced.delete = true;
    await this.#record({
      new: state,
      ...(gone && { old: gone }),
      ...(revived && { revived }),
      ...(began && { began }),
    });
  }

  async #update(step: Step): Promise<void> {
    const [old, state] = [step.old ?? missing(step), step.new ?? missing(step)];
    const { preview, journal } = this.#context;
    if (old.id !== undefined) state.id = old.id;
    if (!state.custom || state.provider === undefined || old.id === undefined) {
      const { __internal, ...configuration } = state.inputs;
      state.outputs = state.custom ? configuration : old.outputs;
      state.modified = timestamp();
      await journal.settle({ old, new: state });
      return;
    }
    const request = {
      id: old.id,
      oldInputs: revealSecrets(old.inputs),
      oldOutputs: revealSecrets(old.outputs),
      news: revealSecrets(state.inputs),
    };
    if (preview) {
      state.outputs = this.#outputs(
        state,
        this.#provider(state).preview(identity(state), {
          news: request.news,
          old: { id: old.id, inputs: request.oldInputs, outputs: request.oldOutputs },
          ignoreChanges: state.ignoreChanges,
        }),
      );
      await journal.settle({ old, new: state });
      return;
    }
    const began = await this.#begin("updating", state);
    try {
      const updated = await this.#provider(state).update(identity(state), {
        ...request,
        ...this.#control(state, state.customTimeouts?.updateSeconds),
      });
      passPoint("updating.done");
      state.outputs = this.#outputs(state, updated.outputs);
    } catch (error) {
      if (!(error instanceof PartialFailure)) {
        await this.#giveUp(began);
        throw error;
      }
      state.outputs = this.#outputs(state, error.outputs);
      state.initErrors = [error.message];
      state.modified = timestamp();
      await journal.settle({ began, old, new: state });
      throw error;
    }
    state.modified = timestamp();
    await this.#record({ began, old, new: state });
  }

  async #delete(step: Step): Promise<void> {
    const old = step.old ?? missing(step);
    const { preview } = this.#context;
    const managed = old.custom && old.provider !== undefined && old.id !== undefined && !old.external;
    // Pulumi spares a retained resource in a replacement too, so a retained volume outlives its renaming.
    const spared =
      old.retainOnDelete === true || (old.deletedWith !== undefined && this.#context.isDeleted(old.deletedWith));
    let began: PendingOperation | undefined;
    if (managed && !spared && !preview) {
      began = await this.#begin("deleting", old);
      try {
        await this.#provider(old).delete(identity(old), {
          id: old.id ?? "",
          inputs: revealSecrets(old.inputs),
          outputs: revealSecrets(old.outputs),
          ...this.#control(old, old.customTimeouts?.deleteSeconds),
        });
        passPoint("deleting.done");
      } catch (error) {
        await this.#giveUp(began);
        throw error;
      }
    }
    if (step.willBeReplaced) old.pendingReplacement = true;
    await this.#record({ ...(began && { began }), ...(!step.willBeReplaced && { old }) });
  }

  /** Puts down in the state what has been done. */
  async #record(outcome: Parameters<Journal["settle"]>[0]): Promise<void> {
    try {
      await this.#context.journal.settle(outcome);
    } catch (error) {
      const reason = errorWords(error);
      throw new Error(outcome.began ? `it is done, but the state on the disk does not say so: ${reason}` : reason, {
        cause: error,
      });
    }
  }

  /** Takes back that an operation has begun; where that cannot be written, the next run finds it out. */
  async #giveUp(began: PendingOperation): Promise<void> {
    await this.#context.journal.settle({ began }).catch(() => undefined);
  }

  async #begin(type: PendingOperation["type"], resource: ResourceState): Promise<PendingOperation> {
    const operation: PendingOperation = { type, resource: { ...resource } };
    await this.#context.journal.begin(operation);
    passPoint(`${type}.begun`);
    return operation;
  }

  #provider(state: ResourceState): ResourceProvider {
    return this.#context.provider(state.provider ?? "");
  }

  #outputs(state: ResourceState, outputs: PropertyMap): PropertyMap {
    return markSecretOutputs(markSecretsLike(outputs, state.inputs), state.additionalSecretOutputs);
  }

  #control(state: ResourceState, timeoutSeconds: number | undefined): OperationControl {
    return {
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      onProgress: (message) => {
        this.#context.send({ progressEvent: { urn: state.urn, message } });
      },
      signal: this.#context.stopNow,
    };
  }
}

function identity(state: ResourceState): ResourceIdentity {
  return { urn: state.urn, type: state.type, name: parseUrn(state.urn).name };
}

function stamp(state: ResourceState): void {
  state.created = state.modified = timestamp();
}

/** Whether a resource that stays as it is must nevertheless be written: options and dependencies live in the state. */
function bookkeepingDiffers(old: ResourceState, state: ResourceState): boolean {
  const bookkeeping = (of: ResourceState): Partial<ResourceState> => ({
    ...of,
    inputs: {},
    outputs: {},
    dependencies: of.dependencies.toSorted(),
  });
  return !equalValues(old.inputs, state.inputs) || !isDeepStrictEqual(bookkeeping(old), bookkeeping(state));
}

const verbs: Partial<Record<Step["operation"], string>> = {
  create: "creating",
  "create-replacement": "creating replacement for",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
};

function describe(step: Step, message: string): string {
  return `${verbs[step.operation] ?? step.operation} ${step.urn}: ${message}`;
}

function missing(what: Step | ResourceState): never {
  throw new Error(`a state is missing from a step of ${what.urn}`);
}
