import type { EngineEvent, OnEvent, StepOperation } from "../../engine/model/events.ts";
import type { HeldLock } from "../../engine/state/lock.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import type { Interrupts } from "../terminal/interrupts.ts";

/** What is done to a stack as a whole. */
export type OperationKind = "update" | "destroy" | "refresh";

/** A policy pack: its folder, and a file with its configuration. */
export interface PolicyPackChoice {
  directory: string;
  configurationFile?: string;
}

/** What an operation needs to know. */
export interface OperationRequest {
  location: StackLocation;
  /** Takes the events for the display; an engine that shows its progress by itself sends none. */
  onEvent: OnEvent;
  interrupts: Interrupts;
  /** The Docker engine to work on; as the provider finds it where none is given. */
  dockerHost: string | undefined;
  /** Policy packs that must pass. */
  policyPacks: readonly PolicyPackChoice[];
  /** Whole property diffs are wanted. */
  diff: boolean;
  /** Protected resources that a destroy deletes all the same. */
  includeProtected: readonly KnownResource[];
  /** Written into the stack's history. */
  message?: string;
  /** The stack's lock, where the command holds it; the Pulumi CLI takes its own. */
  lock?: HeldLock;
  /** Update the state to match what is deployed before planning. */
  refresh?: boolean;
  /** Compare the state with what is deployed while an update is planned; resolves to whether the Docker engine answers. */
  look?: Promise<boolean>;
}

/** What an operation came to. */
export interface OperationOutcome {
  succeeded: boolean;
  changes: Partial<Record<StepOperation, number>>;
  /** Whether the state has changed; true if the engine does not say. */
  stateChanged: boolean;
  /** The events of a refresh that only looked, or that came first; missing where nothing could be seen. */
  seen?: readonly EngineEvent[];
  /** Why nothing could be seen, where a look was wanted. */
  unseen?: string;
}

/** What a command has to know of a resource in the state. */
export interface KnownResource {
  urn: string;
  type: string;
  /** The name that Docker knows it by; undefined for components. */
  dockerName: string | undefined;
  protect: boolean;
}

/** A resource with all that the state says of it, its secrets in clear text: nothing of it is to be printed unseen. */
export interface RevealedResource {
  urn: string;
  type: string;
  parent: string | undefined;
  outputs: Record<string, unknown>;
}

/** Runs operations on a stack: the embedded engine, or the Pulumi CLI. */
export interface StackEngine {
  readonly name: "embedded" | "pulumi";
  /** Whether {@link run} writes its progress to standard output by itself. */
  readonly showsItself: boolean;
  /** Says what an operation would do. */
  plan(kind: OperationKind, request: OperationRequest): Promise<OperationOutcome>;
  run(kind: OperationKind, request: OperationRequest): Promise<OperationOutcome>;
  /** The stack's outputs; secrets as `[secret]` unless asked for. */
  outputs(location: StackLocation, showSecrets: boolean): Promise<Record<string, unknown>>;
  /** The resources that the state holds. */
  resources(location: StackLocation): Promise<KnownResource[]>;
  /** All texts of the state that are secret. */
  secrets(location: StackLocation): Promise<string[]>;
  /** The resources that the state holds, with what their secrets are. */
  revealedResources(location: StackLocation): Promise<RevealedResource[]>;
}
