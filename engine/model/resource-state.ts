import type { PropertyMap } from "./property-value.ts";

/** `urn:pulumi:<stack>::<project>::<qualified type>::<name>` (Pulumi: sdk/go/common/resource/urn). */
export type Urn = string;

/** How long a provider may take for an operation, in seconds; undefined leaves the provider's default. */
export interface CustomTimeouts {
  createSeconds?: number;
  updateSeconds?: number;
  deleteSeconds?: number;
}

/** When a hook runs (resource.proto, `ResourceHooksBinding`); deletions have none here. */
export type HookMoment = "beforeCreate" | "afterCreate" | "beforeUpdate" | "afterUpdate";

/** Names of hooks by the moment at which they run; no list is empty. */
export type HookBinding = Partial<Record<HookMoment, string[]>>;

/**
 * What the engine remembers of one resource: Pulumi's `ResourceV3` in the checkpoint (sdk/go/common/apitype/core.go),
 * with secrets and unknowns as classes.
 */
export interface ResourceState {
  urn: Urn;
  type: string;
  /** Whether a provider manages it; components and the stack itself are not custom. */
  custom: boolean;
  /** The provider's identity for it; absent for components and before the creation has succeeded. */
  id?: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  parent?: Urn;
  /** `<provider's urn>::<provider's id>`, for custom resources. */
  provider?: string;
  dependencies: Urn[];
  propertyDependencies: Record<string, Urn[]>;
  deletedWith?: Urn;
  protect?: boolean;
  /** Read, but not managed: never created or deleted by the stack. */
  external?: boolean;
  retainOnDelete?: boolean;
  additionalSecretOutputs: string[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  hideDiffs: string[];
  aliases: Urn[];
  customTimeouts?: CustomTimeouts;
  importId?: string;
  initErrors: string[];
  hooks: HookBinding;
  /** An old version that a create-before-delete replacement left to be deleted. */
  delete?: boolean;
  /** A version that was deleted by a delete-before-create replacement and is to be created again. */
  pendingReplacement?: boolean;
  /** RFC 3339 with nanoseconds, as Pulumi writes it. */
  created?: string;
  modified?: string;
  /** Where it was declared, as another engine recorded it; kept, never read. */
  sourcePosition?: string;
  /** Where the calls stood that led to its declaration, as another engine recorded them; kept, never read. */
  stackTrace?: string[];
}

/** An operation that was begun and of which no result is recorded yet (checkpoint: `pending_operations`). */
export interface PendingOperation {
  resource: ResourceState;
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** Everything that is known of a stack's resources at one moment, in dependency order. */
export interface Snapshot {
  resources: ResourceState[];
  pendingOperations: PendingOperation[];
}
