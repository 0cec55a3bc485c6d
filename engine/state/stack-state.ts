import type { OperationResult } from "../operations.ts";
import type { PendingOperation, ResourceState, Snapshot } from "../resource-state.ts";
import type { Stack } from "./stack.ts";

/** What the history remembers of an operation besides what it did to the state (Pulumi: pkg/backend, `UpdateInfo`). */
export interface UpdateRecord {
  kind: "update" | "refresh" | "destroy" | "import";
  message: string;
  /** Of the start of the operation, in milliseconds since 1970. */
  startTime: number;
  result: "succeeded" | "failed";
  resourceChanges: OperationResult["changes"];
  /** Facts about the run, such as `exec.kind`; never a secret. */
  environment?: Record<string, string>;
}

/**
 * The state of a stack while an operation runs: what is done is on the disk when a method's promise is fulfilled.
 * Calls may overlap; changes that wait for the same write share it.
 */
export class StackState implements AsyncDisposable {
  /** The state as it was read; without resources for a stack that has none yet. */
  readonly loaded: Snapshot;

  private constructor(loaded: Snapshot) {
    this.loaded = loaded;
  }

  /**
   * Reads and checks a stack's state, after taking its lock where `lock` says so (previews need none).
   *
   * @throws InputError when it is locked, damaged or not to be decrypted; nothing has been touched then
   */
  static open(_stack: Stack, _options: { lock: boolean }): Promise<StackState> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Records that an operation is about to begin; it stands in `pending_operations` until {@link end}. */
  begin(_operation: PendingOperation): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Records the resources as they are after an operation, and that the operation is over. */
  end(_operation: PendingOperation, _resources: readonly ResourceState[]): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Records the resources as they are; operations that were begun stay begun. */
  save(_resources: readonly ResourceState[]): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Drops operations that an earlier, interrupted run left pending, after what they did has been found out. */
  forget(_operations: readonly PendingOperation[]): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Writes history and backup, as Pulumi does at the end of every update that is not a preview. */
  finish(_record: UpdateRecord): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  /** Waits for writes under way and gives the lock back; safe to call twice. */
  close(): Promise<void> {
    return Promise.reject(new Error("not yet implemented"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
