import type { PropertyMap } from "./property-value.ts";
import type { Urn } from "./resource-state.ts";
import { parseUrn } from "./urn.ts";

/** How one property differs (Pulumi: `PropertyDiff.Kind` of provider.proto, in the spelling of `preview --json`). */
type Change = "add" | "delete" | "update";
export type DiffKind = Change | `${Change}-replace`;

/** A kind of difference without whether it forces a replacement. */
export function changeOf(kind: DiffKind): Change {
  return kind.replace("-replace", "") as Change; // what is left of the kinds above
}

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
  /** What the provider will not do, one sentence each: a removed pin, limit or health check that stays. */
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

/** How a provider's calls name a resource. */
export function identityOf({ urn, type }: Pick<ResourceIdentity, "urn" | "type">): ResourceIdentity {
  return { urn, type, name: parseUrn(urn).name };
}

/** Shows the progress of a long operation; each call replaces the line before. */
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

  /** The outputs that a create or an update would have, unknown where only the engine knows. */
  preview(
    resource: ResourceIdentity,
    request: {
      news: PropertyMap;
      old?: { id: string; inputs: PropertyMap; outputs: PropertyMap };
      ignoreChanges: string[];
    },
  ): PropertyMap;

  /** Creates it, and returns when the declaration is in effect. */
  create(resource: ResourceIdentity, request: ApplyRequest): Promise<{ id: string; outputs: PropertyMap }>;

  /** Changes it in place, and returns when the declaration is in effect. */
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

/** Parameters of every long operation. */
export interface OperationControl {
  timeoutSeconds?: number;
  onProgress: OnProgress;
  /** Aborted when the person asks to stop at once. */
  signal: AbortSignal;
}

/** Inputs to apply. */
export type ApplyRequest = { news: PropertyMap } & OperationControl;

/** An operation that failed after it changed something: the result must be recorded nevertheless. */
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
