import { stripVTControlCharacters } from "node:util";
import type {
  DiagnosticEvent,
  EngineEvent,
  PolicyEvent,
  StepMetadata,
  SummaryEvent,
} from "../../engine/model/events.ts";
import { parseUrn, stackType } from "../../engine/model/urn.ts";
import { printable } from "../../text/escape.ts";

/** One operation on one resource, as far as it has got; times in milliseconds since 1970. */
export interface StepProgress {
  metadata: StepMetadata;
  startedMs: number;
  endedMs?: number;
  failed: boolean;
}

/** Everything that a display shows of one resource. */
export interface ResourceRow {
  urn: string;
  /** The type as Pulumi shortens it: `docker:index:Service`. */
  type: string;
  name: string;
  parent: string | undefined;
  isStack: boolean;
  /** In the order in which they began; a replacement has several. */
  steps: StepProgress[];
  /** The latest thing said about it while it is worked on. */
  message: string | undefined;
}

/** What is known of a running or finished operation: every rendering starts from here. */
export interface OperationView {
  kind: "update" | "destroy" | "refresh";
  planning: boolean;
  /** By URN, in order of appearance. */
  rows: Map<string, ResourceRow>;
  /** The row of the stack itself, once it has appeared. */
  stack: ResourceRow | undefined;
  diagnostics: DiagnosticEvent[];
  policies: PolicyEvent[];
  /** The stack's step with its outputs before and after. */
  stackOutputs: StepMetadata | undefined;
  summary: SummaryEvent | undefined;
}

/** A view of an operation that has not begun. */
export function emptyView(kind: OperationView["kind"], planning: boolean): OperationView {
  return {
    kind,
    planning,
    rows: new Map(),
    stack: undefined,
    diagnostics: [],
    policies: [],
    stackOutputs: undefined,
    summary: undefined,
  };
}

/** Takes an event into the view, in place, and returns the row that it concerns. */
export function recordEvent(view: OperationView, event: EngineEvent, nowMs: number): ResourceRow | undefined {
  if (event.resourcePreEvent) return beginStep(view, event.resourcePreEvent.metadata, nowMs);
  if (event.resOutputsEvent) return endStep(view, event.resOutputsEvent.metadata, nowMs, false);
  if (event.resOpFailedEvent) return endStep(view, event.resOpFailedEvent.metadata, nowMs, true);
  if (event.policyEvent) view.policies.push(event.policyEvent);
  if (event.summaryEvent) {
    view.summary = event.summaryEvent;
    return endStack(view, nowMs);
  }
  if (event.diagnosticEvent) {
    const diagnostic = event.diagnosticEvent;
    if (diagnostic.severity === "debug") return undefined;
    if (!diagnostic.ephemeral) view.diagnostics.push(diagnostic);
    return say(view, diagnostic.urn, shownText(diagnostic));
  }
  if (event.progressEvent) return say(view, event.progressEvent.urn, event.progressEvent.message);
  return undefined;
}

/** A diagnostic's text with the prefix that Pulumi gives it (pkg/diag: everything but plain output of the program). */
export function diagnosticText({ severity, message }: DiagnosticEvent): string {
  const prefix = severity === "info" || severity === "info#err" ? "" : `${severity}: `;
  return message.startsWith(prefix) ? message : prefix + message;
}

/** {@link diagnosticText} for people: next to its resource it does not repeat the name, and names others as the screen does. */
export function shownText(diagnostic: DiagnosticEvent): string {
  const { urn, message } = diagnostic;
  const [subject, text] = urn === undefined ? [] : split(message, ` ${urn}: `);
  const isOperation = subject !== undefined && /^(?:[a-z]+ )*[a-z]+$/.test(subject);
  return diagnosticText(isOperation && text !== undefined ? { ...diagnostic, message: text } : diagnostic).replaceAll(
    /(?<=(?:resource|replacing) ")urn:pulumi:[^"]+(?=")/g,
    (other) => parseUrn(other).name,
  );
}

/** The text before and after the first `separator`. */
function split(text: string, separator: string): [string, string] | [] {
  const at = text.indexOf(separator);
  return at < 0 ? [] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Whether the operation reported an error. */
export function hasErrors(view: OperationView): boolean {
  return view.diagnostics.some(({ severity }) => severity === "error");
}

/** Whether a step is left out of lists of changes: nothing happens, and its protection stays as it is. */
export function isUnchanged({ op, old, new: next }: StepMetadata): boolean {
  return op === "same" && (old?.["protect"] ?? false) === (next?.["protect"] ?? false);
}

/** A type without the module that repeats its name: `docker:index/service:Service` becomes `docker:index:Service`. */
export function shortType(type: string): string {
  return type.replace(/^([^:]+):([^:/]+)\/[^:]+:([^:]+)$/, "$1:$2:$3");
}

function beginStep(view: OperationView, metadata: StepMetadata, nowMs: number): ResourceRow {
  const row = view.rows.get(metadata.urn) ?? addRow(view, metadata);
  row.steps.push({ metadata, startedMs: nowMs, failed: false });
  row.message = undefined;
  return row;
}

function endStep(view: OperationView, metadata: StepMetadata, nowMs: number, failed: boolean): ResourceRow {
  const row = view.rows.get(metadata.urn) ?? addRow(view, metadata);
  if (row.isStack && !failed) view.stackOutputs = metadata;
  // A refresh says only with its outcome what has become of the resource.
  const step =
    row.steps.findLast((one) => one.endedMs === undefined && one.metadata.op === metadata.op) ??
    row.steps.findLast((one) => one.endedMs === undefined && one.metadata.op === "refresh");
  // The stack is done when the program is, and outputs that are registered later end no step.
  if (step === undefined || (row.isStack && !failed && step.metadata.op !== "refresh")) return row;
  step.metadata = metadata;
  step.endedMs = nowMs;
  step.failed = failed;
  if (!failed) row.message = undefined;
  return row;
}

function endStack(view: OperationView, nowMs: number): ResourceRow | undefined {
  if (view.stack === undefined) return undefined;
  for (const step of view.stack.steps) step.endedMs ??= nowMs;
  // The diagnostics show what went wrong.
  view.stack.message = undefined;
  return view.stack;
}

function addRow(view: OperationView, { urn, type, old, new: next }: StepMetadata): ResourceRow {
  const parent = (next ?? old)?.["parent"];
  const row: ResourceRow = {
    urn,
    type: shortType(type),
    name: printable(parseUrn(urn).name),
    parent: typeof parent === "string" && parent !== "" ? parent : undefined,
    isStack: type === stackType,
    steps: [],
    message: undefined,
  };
  view.rows.set(urn, row);
  if (row.isStack) view.stack = row;
  return row;
}

function say(view: OperationView, urn: string | undefined, message: string): ResourceRow | undefined {
  const row = urn === undefined ? view.stack : view.rows.get(urn);
  // A line of the picture is as long as it looks.
  if (row !== undefined) row.message = printable(stripVTControlCharacters(message.trimEnd().split("\n", 1)[0] ?? ""));
  return row;
}
