import { isDeepStrictEqual } from "node:util";
import type { EventState, StepMetadata } from "../../engine/model/events.ts";
import { parsePropertyPath, type PropertyPath } from "../../engine/model/property-path.ts";
import { unknownSentinel } from "../../engine/model/wire-value.ts";

/** What a step does to one property; containers hold only what changes in them. */
export type PropertyEdit =
  | { kind: "add"; value: unknown }
  | { kind: "delete"; value: unknown }
  | { kind: "update"; old: unknown; new: unknown }
  | { kind: "object"; members: Map<string, PropertyEdit> }
  | { kind: "array"; elements: Map<number, PropertyEdit> };

/** What a step changes in each top-level property: a leaf as it is, or a container with its inner changes. */
export type PropertyChanges = Map<string, PropertyEdit>;

type Container = Extract<PropertyEdit, { kind: "object" | "array" }>;

/**
 * The changes that a step plans, by top-level property; empty where there is nothing to compare.
 *
 * With a detailed diff, old values are taken from the outputs (or the inputs, where it says so) and new ones from the
 * inputs; a new value that the inputs do not hold is the provider's to say, hence unknown. Without one, the old and the
 * new inputs are compared, or for a refresh the outputs (Pulumi: pkg/backend/display/detailedDiff.go, rows.go).
 */
export function propertyChanges(step: StepMetadata, isRefresh: boolean): PropertyChanges {
  const { old, new: next } = step;
  if (old === undefined || next === undefined) return new Map();
  const changes = step.detailedDiff
    ? detailedChanges(step.detailedDiff, old, next)
    : members(
        diffValues(
          propertiesOf(old, isRefresh ? "outputs" : "inputs"),
          propertiesOf(next, isRefresh ? "outputs" : "inputs"),
        ),
      );
  if (step.diffs) {
    for (const name of changes.keys()) if (!step.diffs.includes(name)) changes.delete(name);
  }
  for (const option of ["provider", "protect"]) {
    const [before, after] = [old[option] ?? false, next[option] ?? false];
    if (before !== after) changes.set(option, { kind: "update", old: before, new: after });
  }
  return changes;
}

/** A step without the unset properties that the provider would fill in: they come with every update, and mean nothing next to other changes. */
export function withoutUnset(step: StepMetadata): StepMetadata {
  const { new: next, detailedDiff } = step;
  if (next === undefined || !detailedDiff) return step;
  const inputs = propertiesOf(next, "inputs");
  const shown = Object.entries(detailedDiff).filter(
    ([path, { diffKind }]) =>
      diffKind !== "add" || parsePropertyPath(path).reduce<unknown>(childOf, inputs) !== undefined,
  );
  return shown.length === 0 ? step : { ...step, detailedDiff: Object.fromEntries(shown) };
}

/** A resource's inputs or outputs as an event shows them. */
export function propertiesOf(state: EventState, side: "inputs" | "outputs"): Record<string, unknown> {
  const properties = state[side];
  return isObject(properties) ? properties : {};
}

/** A text of several lines, to be shown as lines. */
export class Lines {
  readonly lines: readonly string[];
  constructor(text: string) {
    this.lines = text.replace(/\n$/, "").split("\n");
  }
}

/** Whether a value is a plain object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return !(value instanceof Lines) && typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a property is the bridge's own book-keeping (`__defaults`, `__meta`). */
export function isInternal(name: string): boolean {
  return name.startsWith("__");
}

function detailedChanges(
  detailedDiff: NonNullable<StepMetadata["detailedDiff"]>,
  old: EventState,
  next: EventState,
): PropertyChanges {
  const root: Container = { kind: "object", members: new Map() };
  for (const [path, { diffKind, inputDiff }] of Object.entries(detailedDiff)) {
    const olds = propertiesOf(old, inputDiff ? "inputs" : "outputs");
    addChange(root, parsePropertyPath(path), diffKind.replace(/-replace$/, ""), olds, propertiesOf(next, "inputs"));
  }
  return root.members;
}

function addChange(parent: Container, path: PropertyPath, diffKind: string, olds: unknown, news: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const [old, next] = [childOf(olds, key), childOf(news, key)];
  if (rest.length === 0) {
    setChild(parent, key, leafChange(diffKind, old, next));
    return;
  }
  if (old === undefined && next !== undefined) {
    setChild(parent, key, { kind: "add", value: next });
    return;
  }
  if (old !== undefined && next === undefined && diffKind === "delete") {
    setChild(parent, key, { kind: "delete", value: old });
    return;
  }
  const child = getChild(parent, key);
  const container: Container =
    child?.kind === "object" || child?.kind === "array"
      ? child
      : typeof rest[0] === "number"
        ? { kind: "array", elements: new Map() }
        : { kind: "object", members: new Map() };
  setChild(parent, key, container);
  addChange(container, rest, diffKind, old, next);
}

function leafChange(diffKind: string, old: unknown, next: unknown): PropertyEdit {
  if (diffKind === "add") return { kind: "add", value: next ?? unknownSentinel };
  if (diffKind === "delete") return { kind: "delete", value: old };
  const inner = isContainer(old) && isContainer(next) ? diffValues(old, next) : undefined;
  return inner ?? { kind: "update", old, new: next ?? unknownSentinel };
}

function isContainer(value: unknown): boolean {
  return isObject(value) || Array.isArray(value);
}

function getChild(parent: Container, key: string | number): PropertyEdit | undefined {
  return parent.kind === "object" ? parent.members.get(String(key)) : parent.elements.get(Number(key));
}

function setChild(parent: Container, key: string | number, change: PropertyEdit): void {
  if (parent.kind === "object") parent.members.set(String(key), change);
  else parent.elements.set(Number(key), change);
}

/** A part of a value; the inside of a secret or an unknown is as opaque as the whole. */
function childOf(value: unknown, key: string | number): unknown {
  if (value === unknownSentinel || value === "[secret]") return value;
  const child = Array.isArray(value) ? (value as unknown[])[Number(key)] : isObject(value) ? value[key] : undefined;
  return child ?? undefined;
}

/** How two values differ; undefined where they do not. */
function diffValues(old: unknown, next: unknown): PropertyEdit | undefined {
  if (isDeepStrictEqual(old, next)) return undefined;

  if (old === undefined || old === null) return { kind: "add", value: next };
  if (next === undefined || next === null) return { kind: "delete", value: old };
  if (isObject(old) && isObject(next)) {
    const names = [...new Set([...Object.keys(old), ...Object.keys(next)])].filter((name) => !isInternal(name));
    const changes = names.flatMap((name): [string, PropertyEdit][] => {
      const change = diffValues(old[name], next[name]);
      return change === undefined ? [] : [[name, change]];
    });
    return changes.length === 0 ? undefined : { kind: "object", members: new Map(changes) };
  }
  if (Array.isArray(old) && Array.isArray(next)) {
    const [before, after]: [unknown[], unknown[]] = [old, next];
    const elements = new Map<number, PropertyEdit>();
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      const change = diffValues(before[index], after[index]);
      if (change !== undefined) elements.set(index, change);
    }
    return elements.size === 0 ? undefined : { kind: "array", elements };
  }
  return { kind: "update", old, new: next };
}

function members(change: PropertyEdit | undefined): PropertyChanges {
  return change?.kind === "object" ? change.members : new Map<string, PropertyEdit>();
}
