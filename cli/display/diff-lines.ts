import type { EngineEvent, StepMetadata } from "../../engine/model/events.ts";
import { unknownSentinel } from "../../engine/model/wire-value.ts";
import { printable } from "../../text/escape.ts";
import { byteWords } from "../../text/byte-size.ts";
import { plain, type Style } from "../../text/style.ts";
import { isUnchanged, recordEvent, type OperationView } from "./operation-view.ts";
import { operationWords } from "./operation-words.ts";
import {
  isInternal,
  isObject,
  Lines,
  propertiesOf,
  propertyChanges,
  type PropertyEdit,
  type PropertyChanges,
  withoutUnset,
} from "./property-diff.ts";
import { lineChanges, withReadableContent } from "./readable-content.ts";

/** The text in the two columns before a property. */
type Mark = "+" | "-" | "~" | " ";

const markColours = { "+": "green", "-": "red", "~": "yellow", " ": undefined } as const;

/**
 * The lines of the whole property diff of one event, as `pulumi preview --diff` prints it
 * (pkg/backend/display/diff.go, object_diff.go), without unset properties, and with numbers of bytes for people; secrets are masked
 * already where events are made.
 */
export function diffLines(view: OperationView, event: EngineEvent, nowMs: number, style: Style): string[] {
  recordEvent(view, event, nowMs);
  const refreshed = view.kind === "refresh" && event.resOutputsEvent?.metadata;
  const step = refreshed ? refreshed : view.kind === "refresh" ? undefined : event.resourcePreEvent?.metadata;
  if (step === undefined || !step.logical || (isUnchanged(step) && !isStack(view, step))) return [];
  return stepLines(step, view, style);
}

function isStack(view: OperationView, { urn }: StepMetadata): boolean {
  return view.rows.get(urn)?.isStack ?? false;
}

function stepLines(step: StepMetadata, view: OperationView, style: Style): string[] {
  const depth = depthOf(step, view);
  const { symbol, colour } = operationWords(step.op);
  const protectedMark = (step.new ?? step.old)?.["protect"] === true ? " [protected]" : "";
  const retainMark = step.old?.["retainOnDelete"] === true && step.op !== "update" ? " [retain]" : "";
  const indent = "    ".repeat(depth + 1);
  return [
    `${"    ".repeat(depth)}${style(colour, `${symbol}${step.type}: (${step.op})`)}${retainMark}${protectedMark}`,
    ...(step.old?.id === undefined ? [] : [`${indent}[id=${step.old.id}]`]),
    `${indent}[urn=${step.urn}]`,
    ...(step.provider === "" ? [] : [`${indent}[provider=${step.provider}]`]),
    ...propertyLines(step, view, depth + 1, style),
  ];
}

function propertyLines(step: StepMetadata, view: OperationView, level: number, style: Style): string[] {
  const { old, new: next } = withReadableContent(step);
  if (step.op === "same" || isStack(view, step)) return [];
  if (old !== undefined && next !== undefined)
    return changeLines(
      propertyChanges(withoutUnset({ ...step, old, new: next }), view.kind === "refresh"),
      level,
      style,
    );
  const state = next ?? old;
  if (state === undefined) return [];
  return objectLines(propertiesOf(state, "inputs"), level, " ", plain);
}

/** How many shown ancestors a step has. */
function depthOf(step: StepMetadata, view: OperationView): number {
  let depth = 0;
  let parent = view.rows.get(step.urn)?.parent;
  while (parent !== undefined) {
    const row = view.rows.get(parent);
    if (row === undefined) break;
    if (row.isStack || row.steps.some(({ metadata }) => !isUnchanged(metadata))) depth++;
    parent = row.parent;
  }
  return depth;
}

/** Changed properties by name; `level` is their indentation in steps of four columns. */
export function changeLines(changes: PropertyChanges, level: number, style: Style): string[] {
  const width = Math.max(0, ...[...changes.keys()].map((name) => name.length));
  return [...changes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, change]) => oneChange(`${name.padEnd(width)}: `, change, level, style));
}

function oneChange(title: string, change: PropertyEdit, level: number, style: Style): string[] {
  switch (change.kind) {
    case "add":
      return valueLines(title, change.value, level, "+", style);
    case "delete":
      return valueLines(title, change.value, level, "-", style);
    case "update":
      if (change.old instanceof Lines && change.new instanceof Lines)
        return textChange(title, change.old, change.new, level, style);
      if (isObject(change.old) || isObject(change.new) || Array.isArray(change.old) || Array.isArray(change.new))
        return [
          ...valueLines(title, change.old, level, "-", style),
          ...valueLines(title, change.new, level, "+", style),
        ];
      return [
        lead(level, "~", style) +
          title +
          style("red", measuredText(title, change.old)) +
          " => " +
          style("green", measuredText(title, change.new)),
      ];
    case "object":
      return [
        `${lead(level, "~", style)}${title}{`,
        ...changeLines(change.members, level + 1, style),
        `${lead(level, " ", style)}}`,
      ];
    case "array":
      return [
        `${lead(level, "~", style)}${title}[`,
        ...[...change.elements]
          .sort(([a], [b]) => a - b)
          .flatMap(([index, element]) => oneChange(`[${index}]: `, element, level + 1, style)),
        `${lead(level, " ", style)}]`,
      ];
  }
}

/** Lines around those that change are shown, and no others. */
const shownAround = 2;

function textChange(title: string, old: Lines, next: Lines, level: number, style: Style): string[] {
  const changes = lineChanges(old.lines, next.lines);
  const isNear = (index: number) =>
    changes.slice(Math.max(0, index - shownAround), index + shownAround + 1).some(({ mark }) => mark !== " ");
  const lines = changes.flatMap(({ mark, line }, index) => {
    if (isNear(index)) return [`${lead(level + 1, mark, style)}${printable(line)}`];
    return index === 0 || isNear(index - 1) ? [`${lead(level + 1, " ", style)}...`] : [];
  });
  return [`${lead(level, "~", style)}${title}`.trimEnd(), ...lines];
}

/** A value with its title, over as many lines as it has parts. */
export function valueLines(title: string, value: unknown, level: number, mark: Mark, style: Style): string[] {
  const start = lead(level, mark, style) + title;
  if (value instanceof Lines)
    return [
      start.trimEnd(),
      ...value.lines.map((line) => `${lead(level + 1, mark, style)}${printable(line)}`.trimEnd()),
    ];
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${start}[]`];
    return [
      `${start}[`,
      ...value.flatMap((element, index) => valueLines(`[${index}]: `, element, level + 1, mark, style)),
      `${lead(level, " ", style)}]`,
    ];
  }
  if (isObject(value)) {
    const inner = objectLines(value, level + 1, mark, style);
    return inner.length === 0 ? [`${start}{}`] : [`${start}{`, ...inner, `${lead(level, " ", style)}}`];
  }
  return [start + measuredText(title, value)];
}

function objectLines(value: Record<string, unknown>, level: number, mark: Mark, style: Style): string[] {
  const names = Object.keys(value)
    .filter((name) => !isInternal(name))
    .sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.flatMap((name) => valueLines(`${name.padEnd(width)}: `, value[name], level, mark, style));
}

function lead(level: number, mark: Mark, style: Style): string {
  if (mark === " ") return "    ".repeat(level);
  const colour = markColours[mark];
  return `${"    ".repeat(level).slice(0, -2)}${style(colour, mark)} `;
}

/** A value, and where its name says that it counts bytes (`memoryBytes`), how many that is for people. */
function measuredText(title: string, value: unknown): string {
  const isSize = typeof value === "number" && value >= 1024 && /Bytes *: $/u.test(title);
  return isSize ? `${scalarText(value)} (${byteWords(value)})` : scalarText(value);
}

/** A value that fits on its line: strings quoted, unknowns and secrets in brackets. */
export function scalarText(value: unknown): string {
  if (value === unknownSentinel) return "[unknown]";
  if (value === "[secret]") return "[secret]";
  if (value === undefined || value === null) return "<null>";
  return JSON.stringify(value);
}
