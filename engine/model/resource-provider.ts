import type { PropertyMap } from "./property-value.ts";
import type { Urn } from "./resource-state.ts";

/** How one property differs (Pulumi: `PropertyDiff.Kind` of provider.proto, in the spelling of `preview --json`). */
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** A provider's answer to `Diff` (provider.proto, `DiffResponse`). */
export interface ResourceDiff {
  /** Whether anything differs. */
  changes: boolean;
  /** Top-level properties that differ, in the provider's order. */
  diffs: string[];
  /** Top-level properties whose change forces a replacement. */
  replaces: string[];
  /** Property paths such as `taskSpec.containerSpec.mounts[0].source`. */
  detailedDiff: Record<string, DiffKind>;
  /** Whether a replacement must delete before it creates. */
  deleteBeforeReplace: boolean;
  /** What the provider will silently not do, in a sentence each: a removed pin, limit or health check that stays. */
  warnings: string[];
}

/** An input that a provider refuses (provider.proto, `CheckFailure`). */
export interface CheckFailure {
  property: string;
  reason: string;
}

/** Names the resource that a call is about. */
export interface ResourceIdentity {
  urn: Urn;
  type: string;
  name: string;
}

/** Tells a person how a long operation goes on; each call replaces the line before. */
export type OnProgress = (message: string) => void;

/**
 * What the engine asks of a provider: Pulumi's `ResourceProvider` service, for the few types this project knows.
 * Values come and go without `Secret`s (the engine reveals and re-marks them), except that `check` is given them marked, so that the
 * provider knows what to mask, and that `check` and the outputs of `create`, `read` and `update` mark as `Secret` what the provider's
 * schema calls sensitive.
 */
export interface ResourceProvider {
  /** Validates inputs and fills in defaults (`__defaults`), an automatic name drawn from `randomSeed` among them. */
  check(
    resource: ResourceIdentity,
    request: { olds: PropertyMap; news: PropertyMap; randomSeed: Uint8Array },
  ): { inputs: PropertyMap; failures: CheckFailure[] };

  /** Compares the old outputs with the new, checked inputs. */
  diff(
    resource: ResourceIdentity,
    request: {
      id: string;
      oldInputs: PropertyMap;
      oldOutputs: PropertyMap;
      news: PropertyMap;
      ignoreChanges: string[];
    },
  ): ResourceDiff;

  /** The outputs that a create or an update would have, unknown where only the engine can tell. */
  preview(
    resource: ResourceIdentity,
    request: {
      news: PropertyMap;
      old?: { id: string; inputs: PropertyMap; outputs: PropertyMap };
      ignoreChanges: string[];
    },
  ): PropertyMap;

  /** Creates it and returns when what was declared is in effect. */
  create(resource: ResourceIdentity, request: ApplyRequest): Promise<{ id: string; outputs: PropertyMap }>;

  /** Changes it in place and returns when what was declared is in effect. */
  update(
    resource: ResourceIdentity,
    request: ApplyRequest & { id: string; oldInputs: PropertyMap; oldOutputs: PropertyMap },
  ): Promise<{ outputs: PropertyMap }>;

  /** Removes it; not an error when it is gone already. */
  delete(
    resource: ResourceIdentity,
    request: { id: string; inputs: PropertyMap; outputs: PropertyMap } & OperationControl,
  ): Promise<void>;

  /** Reads it as it is now, or undefined when it is gone. */
  read(
    resource: ResourceIdentity,
    request: { id: string; inputs: PropertyMap; outputs: PropertyMap },
  ): Promise<{ id: string; inputs: PropertyMap; outputs: PropertyMap } | undefined>;

  /**
   * Looks for what an interrupted `create` with these inputs may have left behind; its id, or undefined, also where
   * something else has its name.
   */
  findCreated(resource: ResourceIdentity, inputs: PropertyMap): Promise<string | undefined>;

  /** Calls a function of the provider, such as `docker:index/getNetwork:getNetwork`. */
  invoke(token: string, args: PropertyMap): Promise<{ result: PropertyMap; failures: CheckFailure[] }>;
}

/** What every long operation takes besides its values. */
export interface OperationControl {
  timeoutSeconds?: number;
  onProgress: OnProgress;
  /** Aborted when the person asks to stop at once. */
  signal: AbortSignal;
}

/** Inputs to bring into effect. */
export type ApplyRequest = { news: PropertyMap } & OperationControl;

/** An operation that failed after it changed something: what is there now must be remembered all the same. */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  readonly id: string;
  readonly outputs: PropertyMap;
  constructor(message: string, id: string, outputs: PropertyMap) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}
