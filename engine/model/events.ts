/**
 * The events of a running operation, in the shape of Pulumi's engine events (sdk/go/common/apitype/events.go), so
 * that one display, one `--json` and one impact analysis serve both engines.
 */

import type { DiffKind } from "./resource-provider.ts";

/** What a step does to a resource (Pulumi: pkg/resource/deploy/step.go, `display.StepOp`). */
export type StepOperation =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "remove-pending-replace";

/** One property of a detailed diff. */
export interface PropertyDiff {
  diffKind: DiffKind;
  inputDiff: boolean;
}

/** A resource as an event shows it: its checkpoint form, with `[secret]` in place of every secret. */
export type EventState = Record<string, unknown> & { urn: string; type: string; id?: string };

/** The step that an event is about. */
export interface StepMetadata {
  op: StepOperation;
  urn: string;
  type: string;
  provider: string;
  old?: EventState;
  new?: EventState;
  /** Properties that force a replacement. */
  keys?: string[];
  /** Top-level properties that differ. */
  diffs?: string[];
  detailedDiff?: Record<string, PropertyDiff>;
  /** Whether it is one of the steps that a person counts; the two halves of a replacement are not. */
  logical: boolean;
}

/** One event; exactly one of the `…Event` properties is set. */
export interface EngineEvent {
  sequence: number;
  /** Seconds since 1970. */
  timestamp: number;
  preludeEvent?: { config: Record<string, string> };
  resourcePreEvent?: { metadata: StepMetadata; planning: boolean };
  resOutputsEvent?: { metadata: StepMetadata; planning: boolean };
  resOpFailedEvent?: { metadata: StepMetadata; status: number; steps: number };
  diagnosticEvent?: DiagnosticEvent;
  policyEvent?: PolicyEvent;
  summaryEvent?: SummaryEvent;
  cancelEvent?: Record<string, never>;
  /** Ours: the progress of a long operation ("2 of 3 tasks running"); Pulumi sends it as an ephemeral diagnostic. */
  progressEvent?: { urn: string; message: string };
}

/** A message about a resource, or about the stack where no `urn` is given. */
export interface DiagnosticEvent {
  urn?: string;
  message: string;
  severity: "debug" | "info" | "info#err" | "warning" | "error";
  ephemeral?: boolean;
}

/** A violation that a policy pack reported. */
export interface PolicyEvent {
  resourceUrn?: string;
  message: string;
  policyName: string;
  policyPackName: string;
  policyPackVersion: string;
  enforcementLevel: "advisory" | "mandatory" | "remediate";
}

/** The last event of an operation. */
export interface SummaryEvent {
  maybeCorrupt: boolean;
  durationSeconds: number;
  /** How many resources each logical operation concerned. */
  resourceChanges: Partial<Record<StepOperation, number>>;
  policyPacks: Record<string, string>;
  isPreview: boolean;
}

/** An event before its number and time are put on it. */
export type EventBody = Omit<EngineEvent, "sequence" | "timestamp">;

/** Takes events as they happen. */
export type OnEvent = (event: EngineEvent) => void;

/** Numbers and dates events on their way to a listener. */
export function eventSender(listener: OnEvent): (body: EventBody) => void {
  let sequence = 0;
  return (body) => {
    listener({ sequence: sequence++, timestamp: Math.floor(Date.now() / 1000), ...body });
  };
}
