import { containsSecret } from "../model/property-value.ts";
import type { PendingOperation, ResourceState, Snapshot } from "../model/resource-state.ts";
import type { CiphertextCache } from "./checkpoint-value.ts";
import type { StoredCheckpoint } from "./checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint, encodeDeployment, featuresOf } from "./checkpoint.ts";
import { DamagedStateError } from "./damaged-state.ts";
import { namingBackup, readState, requireWritable, writeState } from "./file-backend.ts";
import type { UpdateRecord } from "./history.ts";
import { writeHistory } from "./history.ts";
import type { HeldLock } from "./lock.ts";
import { releaseLock, takeLock } from "./lock.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { brokenRule } from "./snapshot-integrity.ts";
import type { Stack } from "./stack.ts";

export type { UpdateRecord } from "./history.ts";

/**
 * The state of a stack while an operation runs: what is done is on the disk when a method's promise is fulfilled.
 * Calls may overlap; changes that wait for the same write share it.
 */
export class StackState implements AsyncDisposable {
  /** The state as it was read; without resources for a stack that has none yet. */
  readonly loaded: Snapshot;
  readonly #stack: Stack;
  /** What the file has besides the resources, which {@link loaded} has already. */
  readonly #frame: ReadFrame;
  readonly #ciphertexts: CiphertextCache;
  #lock: HeldLock | undefined;
  /** The lock, where it is given back at the end. */
  readonly #ownLock: HeldLock | undefined;
  #resources: readonly ResourceState[];
  #pending: readonly PendingOperation[];
  /** The last write that was begun, and the one that waits for it to end. */
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #written = false;

  private constructor(
    stack: Stack,
    { lock, own }: { lock: HeldLock | undefined; own: HeldLock | undefined },
    read: ReadState,
  ) {
    this.#stack = stack;
    this.#lock = lock;
    this.#ownLock = own;
    this.loaded = read.snapshot;
    this.#frame = read.frame;
    this.#ciphertexts = read.ciphertexts;
    this.#resources = read.snapshot.resources;
    this.#pending = read.snapshot.pendingOperations;
  }

  /**
   * Reads and checks a stack's state, after taking its lock where `lock` says so (previews need none).
   *
   * @param options.lock - one that is held already is used, and not given back
   * @param options.damaged - `replace` takes a damaged state for an empty one, which an import is about to replace
   * @throws InputError when it is locked, damaged or not to be decrypted; nothing has been touched then
   */
  static async open(stack: Stack, options: { lock: boolean | HeldLock; damaged?: "replace" }): Promise<StackState> {
    const held = typeof options.lock === "object" ? options.lock : undefined;
    const own = options.lock === true ? await takeLock(stack.files.locks, stack.name) : undefined;
    const lock = own ?? held;
    try {
      if (lock !== undefined) await requireWritable(stack.files);
      const read = options.damaged === "replace" ? readReplaceable : readDecrypted;
      return new StackState(stack, { lock, own }, await namingBackup(stack.files, () => read(stack)));
    } catch (error) {
      if (own !== undefined) releaseLock(own);
      throw error;
    }
  }

  /** Records that an operation is about to begin; it is in `pending_operations` until {@link end}. */
  async begin(operation: PendingOperation): Promise<void> {
    this.#pending = [...this.#pending, operation];
    await this.#write();
  }

  /** Records the resources as they are after an operation, and that the operation is over. */
  async end(operation: PendingOperation, resources: readonly ResourceState[]): Promise<void> {
    this.#resources = [...resources];
    await this.forget([operation]);
  }

  /** Records the resources as they are; operations that were begun stay begun. */
  async save(resources: readonly ResourceState[]): Promise<void> {
    this.#resources = [...resources];
    await this.#write();
  }

  /** Drops operations that an earlier, interrupted run left pending, after their results have been read back. */
  async forget(operations: readonly PendingOperation[]): Promise<void> {
    this.#pending = this.#pending.filter((pending) => !operations.includes(pending));
    await this.#write();
  }

  /** Replaces everything by another state, as an import does; `ciphertexts` are those that it was read with. */
  async replace(snapshot: Snapshot, ciphertexts: CiphertextCache): Promise<void> {
    for (const [place, ciphertext] of ciphertexts) this.#ciphertexts.set(place, ciphertext);
    this.#resources = snapshot.resources;
    this.#pending = snapshot.pendingOperations;
    await this.#write();
  }

  /**
   * Writes history and backup, as Pulumi does at the end of every update that is not a preview.
   *
   * @throws InputError when they, or the state itself, cannot be written
   */
  async finish(record: UpdateRecord): Promise<void> {
    await (this.#waiting ?? this.#running).catch(() => undefined);
    // Even if nothing has changed: the manifest has the time of the last check. A write that failed before may succeed now.
    if (!this.#written) await this.#write();
    await writeHistory(this.#stack.files, record, this.#stack.storedConfig());
  }

  /** Whether all that was recorded is on the disk. */
  get isWritten(): boolean {
    return this.#written;
  }

  /** Waits for writes under way and gives the lock back; safe to call twice. */
  async close(): Promise<void> {
    await (this.#waiting ?? this.#running).catch(() => undefined);
    if (this.#lock !== undefined && this.#ownLock !== undefined) releaseLock(this.#ownLock);
    this.#lock = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits for a write that holds everything that is known now; while one is under way, all others wait for the next. */
  async #write(): Promise<void> {
    this.#waiting ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        this.#running = this.#writeNow();
        return this.#running;
      });
    await this.#waiting;
  }

  async #writeNow(): Promise<void> {
    if (this.#lock === undefined) throw new Error("a state was written without its lock");
    this.#written = false;
    const { files, project, name } = this.#stack;
    const secrets = await this.#secretsForWriting();
    // Taken after the wait for the key, so that everything recorded meanwhile is included.
    const snapshot = { resources: [...this.#resources], pendingOperations: [...this.#pending] };
    const latest = encodeDeployment(
      snapshot,
      {
        time: new Date().toISOString(),
        manifest: this.#frame.manifest,
        salt: secrets?.salt ?? this.#stack.salt ?? this.#frame.salt,
        metadata: this.#frame.metadata,
      },
      { secrets, ciphertexts: this.#ciphertexts },
    );
    const stack = `organization/${project.name}/${name}`;
    const frame = { stack, config: this.#frame.config, features: featuresOf(snapshot) };
    await writeState(files, encodeCheckpoint(frame, latest));
    this.#written = true;
    // After writing, as Pulumi does: what was done is recorded even if this engine has put it in a wrong order.
    const rule = brokenRule(snapshot.resources);
    if (rule !== undefined) throw new Error(`the state that was written does not fit together: ${rule}`);
  }

  async #secretsForWriting(): Promise<SecretsManager | undefined> {
    const states = [...this.#resources, ...this.#pending.map(({ resource }) => resource)];
    const any = states.some(({ inputs, outputs }) => containsSecret(inputs) || containsSecret(outputs));
    return any ? await this.#stack.ensureSecrets() : undefined;
  }
}

/** What a checkpoint says besides its resources; all of it missing for a stack that has none yet. */
interface ReadFrame {
  manifest?: NonNullable<StoredCheckpoint["deployment"]>["manifest"] | undefined;
  metadata?: Record<string, unknown> | undefined;
  salt?: string | undefined;
  config?: Record<string, unknown> | undefined;
}

interface ReadState {
  frame: ReadFrame;
  snapshot: Snapshot;
  ciphertexts: CiphertextCache;
}

/** Reads and decrypts a stack's state. */
async function readDecrypted(stack: Stack): Promise<ReadState> {
  const checkpoint = await readState(stack.files);
  if (checkpoint === undefined) return noState();
  const secrets =
    checkpoint.encrypted && checkpoint.salt !== undefined
      ? await stack.openSecrets(checkpoint.salt, checkpoint.path)
      : undefined;
  const ciphertexts: CiphertextCache = new Map();
  const { salt, config, deployment } = checkpoint;
  const frame = { salt, config, manifest: deployment?.manifest, metadata: deployment?.metadata };
  return { frame, snapshot: decodeCheckpoint(checkpoint, secrets, ciphertexts), ciphertexts };
}

/** Reads a state that is about to be replaced, perhaps because it is damaged. */
async function readReplaceable(stack: Stack): Promise<ReadState> {
  try {
    return await readDecrypted(stack);
  } catch (error) {
    if (error instanceof DamagedStateError) return noState();
    throw error;
  }
}

function noState(): ReadState {
  return { frame: {}, snapshot: { resources: [], pendingOperations: [] }, ciphertexts: new Map() };
}
