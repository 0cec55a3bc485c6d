import type { OnEvent, StepOperation } from "./events.ts";
import type { PropertyMap } from "./property-value.ts";
import type { Snapshot } from "./resource-state.ts";

/** Where a stack's program, settings and state lie. */
export interface StackLocation {
  /** The folder of Pulumi.yaml. */
  projectDirectory: string;
  stackName: string;
}

/** What every operation takes. */
export interface OperationOptions {
  onEvent: OnEvent;
  /** Docker engine for resources without an explicit provider (`unix://…`, `tcp://…`); default: as the provider finds it. */
  dockerHost?: string;
  /** Policy packs (folders) that must pass. */
  policyPacks?: string[];
  /** Finish the running operations, save and stop. */
  stopSoon?: AbortSignal;
  /** Stop at once; the state tells what was in progress. */
  stopNow?: AbortSignal;
  /** How many resource operations run at once; default 8 in previews and updates alike, as recorded. */
  parallel?: number;
  /** Environment of the program; default: this process's. */
  environment?: NodeJS.ProcessEnv;
  /** Written into the stack's history. */
  message?: string;
}

/** What an operation came to. */
export interface OperationResult {
  succeeded: boolean;
  changes: Partial<Record<StepOperation, number>>;
  /** The stack's outputs; secrets as `Secret`. */
  outputs: PropertyMap;
  /** The state after the operation (of a preview: as it would be). */
  snapshot: Snapshot;
}
