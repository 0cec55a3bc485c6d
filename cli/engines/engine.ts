import type { OperationOptions, OperationResult } from "../../engine/operations.ts";
import type { PolicyPackChoice } from "../../engine/policy/pack.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import type { Interrupts } from "../terminal/interrupts.ts";

/** What is done to a stack as a whole. */
export type OperationKind = "update" | "destroy" | "refresh";

/**
 * What an operation needs to know. An engine that shows its progress by itself sends no events, and the Pulumi CLI takes its own
 * lock.
 */
export interface OperationRequest extends Pick<OperationOptions, "onEvent" | "message" | "lock" | "refresh" | "look"> {
  location: StackLocation;
  interrupts: Interrupts;
  /** The Docker engine to work on; `undefined` for the one that the provider finds. */
  dockerHost: string | undefined;
  /** Policy packs that must pass. */
  policyPacks: readonly PolicyPackChoice[];
  /** Whole property diffs are wanted. */
  diff: boolean;
  /** Protected resources that a destroy deletes all the same. */
  includeProtected: readonly KnownResource[];
}

/** The result of an operation; `stateChanged` is true if the engine does not say. */
export type OperationOutcome = Pick<OperationResult, "succeeded" | "changes" | "stateChanged" | "seen" | "unseen">;

/** A resource in the state. */
export interface KnownResource {
  urn: string;
  type: string;
  parent?: string | undefined;
  /** The name that Docker knows it by; undefined for components. */
  dockerName: string | undefined;
  protect: boolean;
  /** Whether it is an earlier version that a replacement left to be deleted. */
  isLeftOver: boolean;
  /** In clear text, so none of it may be printed unchecked. */
  outputs: Record<string, unknown>;
}

/** The content of a state. */
export interface StateContent {
  resources: readonly KnownResource[];
  /** All secret texts in it. */
  secrets: () => string[];
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
  /** Reads the state; {@link CommandContext.state} does so only when it may have changed. */
  state(location: StackLocation): Promise<StateContent>;
}

/** The name by which Docker knows a resource with these outputs. */
export function dockerNameIn({ name }: Record<string, unknown>): string | undefined {
  return typeof name === "string" ? name : undefined;
}
