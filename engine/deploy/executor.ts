import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import pLimit, { type LimitFunction } from "p-limit";
import { errorWords } from "../../text/error-text.ts";
import { deletionBatches } from "../model/dependency-graph.ts";
import type { EventBody } from "../model/events.ts";
import { equalValues, revealSecrets, type PropertyMap } from "../model/property-value.ts";
import {
  identityOf,
  PartialFailure,
  type OperationControl,
  type ResourceProvider,
} from "../model/resource-provider.ts";
import type { PendingOperation, ResourceState, Urn } from "../model/resource-state.ts";
import { markSecretOutputs } from "../model/secret-marks.ts";
import { isAboutDefaultProvider, stepMetadata, type Step } from "../model/step.ts";
import { timestamp } from "../model/timestamp.ts";
import { unknownSentinel } from "../model/wire-value.ts";
import type { ResourceHooks } from "../program/resource-hooks.ts";
import { passPoint } from "../state/write-points.ts";
import type { Journal } from "./journal.ts";
import type { Providers } from "./provider-registry.ts";

/** What carrying out steps needs. */
export interface ExecutorContext {
  /** Only say what would happen. */
  preview: boolean;
  journal: Journal;
  providers: Providers;
  send: (event: EventBody) => void;
  /** Whether a resource is deleted in this operation: what is deleted with it needs no separate deletion. */
  isDeleted(urn: Urn): boolean;
  hooks: ResourceHooks;
  /** How many steps may be carried out at once. */
  parallel: number;
  /** Aborted to stop at once. */
  stopNow: AbortSignal;
}

/** A step that failed; its events have been sent. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
}

/** Carries out steps: calls providers, keeps the journal, sends events. */
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
      // A failed after-hook stops the deployment; the operation itself is in the state.
      await this.#context.hooks.run("after", step, warn);
    } catch (error) {
      const message = errorWords(error);
      this.#context.send({ diagnosticEvent: { urn: step.urn, severity: "error", message: describe(step, message) } });
      this.#context.send({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps: 0 } });
      throw new StepFailure(message, { cause: error });
    }
    if (shown) this.#context.send({ resOutputsEvent: { metadata: stepMetadata(step), planning: preview } });
  }

  /** Carries out deletions: independent ones at once, and dependents first. */
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
        this.#provider(state).preview(identityOf(state), {
          news: revealSecrets(state.inputs),
          ignoreChanges: state.ignoreChanges,
        }),
      );
    } else {
      const { createSeconds } = state.customTimeouts ?? {};
      const request = { news: revealSecrets(state.inputs), ...this.#control(state, createSeconds) };
      await this.#carryOut("creating", state, {
        work: () => this.#provider(state).create(identityOf(state), request),
        settle: (began) => {
          stamp(state);
          return this.#settleCreated(step, state, began);
        },
      });
      return;
    }
    await this.#settleCreated(step, state);
  }

  /** Reuses a resource that waits for its deletion instead of creating another, if it still exists. */
  async #revive({ revived }: Step, state: ResourceState): Promise<boolean> {
    if (revived?.id === undefined) return false;
    if (this.#context.preview) state.outputs = revived.outputs;
    else {
      const present = await this.#provider(state).read(identityOf(state), {
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
        this.#provider(state).preview(identityOf(state), {
          news: request.news,
          old: { id: old.id, inputs: request.oldInputs, outputs: request.oldOutputs },
          ignoreChanges: state.ignoreChanges,
        }),
      );
      await journal.settle({ old, new: state });
      return;
    }
    const control = this.#control(state, state.customTimeouts?.updateSeconds);
    await this.#carryOut("updating", state, {
      work: () => this.#provider(state).update(identityOf(state), { ...request, ...control }),
      settle: (began) => {
        state.modified = timestamp();
        return this.#record({ began, old, new: state });
      },
    });
  }

  /** Carries out an operation and records it, also where it failed after it had changed something. */
  async #carryOut(
    type: "creating" | "updating",
    state: ResourceState,
    {
      work,
      settle,
    }: {
      work: () => Promise<{ id?: string; outputs: PropertyMap }>;
      settle: (began: PendingOperation) => Promise<void>;
    },
  ): Promise<void> {
    const began = await this.#begin(type, state);
    const result = await work().catch(async (error: unknown) => {
      if (error instanceof PartialFailure) return error;
      await this.#giveUp(began);
      throw error;
    });
    const failure = result instanceof PartialFailure ? result : undefined;
    if (!failure) passPoint(`${type}.done`);
    if (type === "creating" && result.id !== undefined) state.id = result.id;
    state.outputs = this.#outputs(state, result.outputs);
    if (failure) state.initErrors = [failure.message];
    await settle(began);
    if (failure) throw failure;
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
        await this.#provider(old).delete(identityOf(old), {
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

  /** Records in the state what has been done. */
  async #record(outcome: Parameters<Journal["settle"]>[0]): Promise<void> {
    try {
      await this.#context.journal.settle(outcome);
    } catch (error) {
      const reason = errorWords(error);
      throw new Error(outcome.began ? `it succeeded, but the state on disk does not record it: ${reason}` : reason, {
        cause: error,
      });
    }
  }

  /** Records that an operation did not happen; where that cannot be written, the next run reads it back. */
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
    return this.#context.providers.get(state.provider ?? "");
  }

  #outputs(state: ResourceState, outputs: PropertyMap): PropertyMap {
    return markSecretOutputs(outputs, state.inputs, state.additionalSecretOutputs);
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

function stamp(state: ResourceState): void {
  state.created = state.modified = timestamp();
}

/** Whether an unchanged resource must be written nevertheless: options and dependencies are part of the state. */
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
