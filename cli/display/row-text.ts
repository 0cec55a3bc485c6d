import type { StepMetadata } from "../../engine/model/events.ts";
import type { Style } from "../../text/style.ts";
import type { OperationView, ResourceRow, StepProgress } from "./operation-view.ts";
import { operationWords } from "./operation-words.ts";
import { propertyChanges, type PropertyEdit } from "./property-diff.ts";

/** A time that something took: hundredths below a second, then seconds, then minutes. */
export function elapsedText(milliseconds: number, isOver: boolean): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (isOver && seconds < 1) return `${seconds.toFixed(2)}s`;
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${whole % 60}s`;
}

/** The status of a step: `create` in a preview, `creating (3s)`, `created (8s)`, `**creating failed** (8s)`. */
export function statusText(step: StepProgress, view: OperationView, nowMs: number): string {
  const words = operationWords(step.metadata.op);
  if (step.failed) return `**${words.running || "running"} failed**${elapsed(step, nowMs)}`;
  if (view.planning) return words.planned;
  if (step.endedMs === undefined) return words.running && words.running + elapsed(step, nowMs);
  return words.done && words.done + elapsed(step, nowMs);
}

function elapsed(step: StepProgress, nowMs: number): string {
  const isOver = step.endedMs !== undefined;
  return ` (${elapsedText((step.endedMs ?? nowMs) - step.startedMs, isOver)})`;
}

/** The changed top-level properties in one line, as in `[diff: +labels~name,taskSpec]`; empty where there are none. */
function diffText(metadata: StepMetadata, isRefresh: boolean, style: Style): string {
  const changes = propertyChanges(metadata, isRefresh);
  const named = (symbol: string, colour: "green" | "red" | "yellow", kinds: PropertyEdit["kind"][]) => {
    const names = [...changes].filter(([, change]) => kinds.includes(change.kind)).map(([name]) => name);
    return names.length === 0 ? "" : style(colour, symbol + names.sort().join(","));
  };
  const text =
    named("+", "green", ["add"]) + named("-", "red", ["delete"]) + named("~", "yellow", ["update", "object", "array"]);
  return text === "" ? "" : `[diff: ${text}]`;
}

/** The text after the status: the diff in one line, then the latest message; why a step failed is among the diagnostics. */
export function infoText(row: ResourceRow, step: StepProgress, view: OperationView, style: Style): string {
  // The halves of a replacement know only one side; the replacement itself has the diff.
  const replacement = row.steps.find(({ metadata }) => metadata.op === "replace");
  const { old, new: next } = step.metadata;
  const source = old !== undefined && next !== undefined ? step : (replacement ?? step);
  const parts = [diffText(source.metadata, view.kind === "refresh", style), step.failed ? "" : (row.message ?? "")];
  return parts.filter((part) => part !== "").join("; ");
}
