import { parseProviderReference } from "../model/dependency-graph.ts";
import type { PendingOperation, ResourceState, Urn } from "../model/resource-state.ts";

/** Where a journal writes: the stack's state on disk, or nowhere during a preview. */
export interface JournalStore {
  /** Records that an operation is about to begin. */
  begin(operation: PendingOperation): Promise<void>;
  /** Records that an operation is over, and the resources as they are then. */
  end(operation: PendingOperation, resources: readonly ResourceState[]): Promise<void>;
  /** Records the resources as they are. */
  save(resources: readonly ResourceState[]): Promise<void>;
}

/** The store of a preview, which must leave no trace. */
export const nowhere: JournalStore = {
  begin: () => Promise.resolve(),
  end: () => Promise.resolve(),
  save: () => Promise.resolve(),
};

/**
 * The state of a stack while an operation runs: what has been carried out so far, then the part of the old state that
 * has not been reached yet. Every change is saved before the next one is made (Pulumi: pkg/backend/snapshot.go).
 */
export class Journal {
  readonly #olds: readonly ResourceState[];
  readonly #settled = new Set<ResourceState>();
  readonly #news: ResourceState[] = [];
  readonly #renamed = new Map<Urn, Urn>();
  readonly #store: JournalStore;
  #changed = false;

  constructor(olds: readonly ResourceState[], store: JournalStore) {
    this.#olds = olds;
    this.#store = store;
  }

  /** Records that an operation begins; on disk before it does. */
  async begin(operation: PendingOperation): Promise<void> {
    this.#changed = true;
    await this.#store.begin(operation);
  }

  /**
   * Records how an operation came out: the old state that is settled and the new one that takes its place; `revived` is one
   * that was to be deleted and lives on in the new one.
   */
  async settle(outcome: {
    began?: PendingOperation;
    old?: ResourceState;
    revived?: ResourceState;
    new?: ResourceState;
  }): Promise<void> {
    this.#changed = true;
    for (const old of [outcome.old, outcome.revived]) if (old) this.#settled.add(old);
    if (outcome.new) this.#news.push(outcome.new);
    if (outcome.old && outcome.new && outcome.old.urn !== outcome.new.urn)
      this.#renamed.set(outcome.old.urn, outcome.new.urn);
    if (outcome.began) await this.#store.end(outcome.began, this.resources());
    else await this.#store.save(this.resources());
  }

  /** Records an unchanged resource; it is written with the next change. */
  keep(old: ResourceState, same: ResourceState, changed: boolean): Promise<void> {
    this.#settled.add(old);
    this.#news.push(same);
    if (old.urn !== same.urn) this.#renamed.set(old.urn, same.urn);
    return changed ? this.touch() : Promise.resolve();
  }

  /** Writes changes made in place to a resource that was settled before: outputs of a component, a mark. */
  async touch(): Promise<void> {
    this.#changed = true;
    await this.#store.save(this.resources());
  }

  /** Whether anything differs from the state before the operation. */
  get changed(): boolean {
    return this.#changed;
  }

  /** The state as it is now, in dependency order. Unchanged resources keep their place. */
  resources(): ResourceState[] {
    return this.#changed
      ? [...this.#news, ...this.#olds.filter((old) => !this.#settled.has(old)).map((old) => this.#followRenames(old))]
      : [...this.#olds];
  }

  #followRenames(state: ResourceState): ResourceState {
    if (this.#renamed.size === 0) return state;
    const present = (urn: Urn): Urn => this.#renamed.get(urn) ?? urn;
    const provider = state.provider === undefined ? undefined : parseProviderReference(state.provider);
    return {
      ...state,
      ...(provider && { provider: `${present(provider.urn)}::${provider.id}` }),
      ...(state.parent !== undefined && { parent: present(state.parent) }),
      ...(state.deletedWith !== undefined && { deletedWith: present(state.deletedWith) }),
      dependencies: state.dependencies.map(present),
      propertyDependencies: Object.fromEntries(
        Object.entries(state.propertyDependencies).map(([name, urns]) => [name, urns.map(present)]),
      ),
    };
  }
}
