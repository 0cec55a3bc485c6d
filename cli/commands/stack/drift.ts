import { isDeepStrictEqual } from "node:util";
import type { EngineEvent, EventState, StepMetadata } from "../../../engine/model/events.ts";
import { parsePropertyPath } from "../../../engine/model/property-path.ts";
import { parseUrn, stackType } from "../../../engine/model/urn.ts";
import { scalarText } from "../../display/diff-lines.ts";
import { isInternal, propertiesOf } from "../../display/property-diff.ts";

/** One property that is not as the state says; secrets as `[secret]`. */
export interface DriftedProperty {
  /** Such as `mode.replicated.replicas`. */
  path: string;
  /** What the state says; `null` where it says nothing. */
  state: unknown;
  /** What is there; `null` where nothing is. */
  live: unknown;
}

/** A resource that is not as the state says. */
export interface Drift {
  urn: string;
  type: string;
  /** As Docker knows it. */
  name: string;
  change: "gone" | "changed";
  /** Empty for what is gone. */
  properties: DriftedProperty[];
}

/** The longest value that is shown on its line. */
const shownLength = 60;

/** What a refresh has found, from its events. */
export function driftOf(events: readonly EngineEvent[]): Drift[] {
  return events.flatMap(({ resOutputsEvent }): Drift[] => {
    const step = resOutputsEvent?.metadata;
    if (step === undefined || step.type === stackType || (step.op !== "delete" && step.op !== "update")) return [];
    const { urn, type, old } = step;
    const { name } = old === undefined ? {} : propertiesOf(old, "outputs");
    const paths = step.op === "delete" ? [] : driftedPaths(step);
    const shown = driftedProperties(step, paths).filter(
      (property) => !isAddedByCreation(property) && !isReplacementCount(property),
    );
    if (paths.length > 0 && shown.length === 0) return [];
    return [
      {
        urn,
        type,
        name: typeof name === "string" ? name : parseUrn(urn).name,
        change: step.op === "delete" ? "gone" : "changed",
        properties: shown,
      },
    ];
  });
}

/**
 * The drift that a plan does not deal with by itself: a resource that failed is updated anyway, and
 * its differences come from that failure, not from a manual change.
 */
export function driftBesidePlan(events: readonly EngineEvent[]): Drift[] {
  return driftOf(
    events.filter(({ resOutputsEvent }) => {
      const { op, old } = resOutputsEvent?.metadata ?? {};
      return op !== "update" || !hasFailed(old);
    }),
  );
}

function hasFailed(state: EventState | undefined): boolean {
  const errors = state?.["initErrors"];
  return Array.isArray(errors) && errors.length > 0;
}

function driftedPaths({ old, new: now, detailedDiff }: StepMetadata): string[] {
  if (old === undefined || now === undefined) return [];
  return detailedDiff === undefined ? unequalOutputs(old, now) : Object.keys(detailedDiff);
}

function driftedProperties({ old, new: now }: StepMetadata, paths: readonly string[]): DriftedProperty[] {
  if (old === undefined || now === undefined) return [];
  const listOf = (path: string): string | undefined => {
    const list = keyedListOf(path);
    return list !== undefined && [old, now].every((state) => Array.isArray(at(state, list) ?? [])) ? list : undefined;
  };
  const lists = new Set(paths.flatMap((path) => listOf(path) ?? []));
  const others = paths.filter((path) => listOf(path) === undefined);
  return [
    ...others.map((path) => ({ path, state: at(old, path) ?? null, live: at(now, path) ?? null })),
    ...[...lists].flatMap((list) => driftedItems(list, itemsOf(old, list), itemsOf(now, list))),
  ];
}

/** By what the items of a list are known again: their places say nothing, for Docker and the state may list them in another order. */
const itemKeys: Readonly<Record<string, readonly string[]>> = {
  mounts: ["target"],
  configs: ["fileName"],
  secrets: ["fileName"],
  networksAdvanceds: ["id"],
  ports: ["targetPort", "protocol"],
  labels: ["label"],
};

/** The list with such items that a path leads to or into. */
function keyedListOf(path: string): string | undefined {
  const steps = parsePropertyPath(path);
  const end = steps.findIndex(
    (step, index) => Object.hasOwn(itemKeys, step) && !/\D/u.test(String(steps[index + 1] ?? 0)),
  );
  return end === -1 ? undefined : steps.slice(0, end + 1).join(".");
}

type Item = Readonly<Record<string, unknown>>;

/** The items of a list by their keys; several with the same key are distinguished by their order. */
function itemsOf(state: EventState, list: string): ReadonlyMap<string, Item> {
  const value = at(state, list);
  const items = Array.isArray(value)
    ? value.filter((item): item is Item => typeof item === "object" && item !== null)
    : [];
  const names = itemKeys[list.slice(list.lastIndexOf(".") + 1)] ?? [];
  const keyOf = (item: Item): string => names.map((name) => keyText(item[name])).join("/");
  const byKey = Map.groupBy(items, keyOf);
  return new Map(
    [...byKey].flatMap(([key, same]) =>
      same.map((item, index): [string, Item] => [index === 0 ? key : `${key} (${index + 1})`, item]),
    ),
  );
}

function keyText(value: unknown): string {
  return typeof value === "string" ? value : scalarText(value);
}

function driftedItems(
  list: string,
  state: ReadonlyMap<string, Item>,
  live: ReadonlyMap<string, Item>,
): readonly DriftedProperty[] {
  return [...new Set([...state.keys(), ...live.keys()])].flatMap((key): DriftedProperty[] => {
    const [was, is] = [state.get(key), live.get(key)];
    const path = `${list}[${JSON.stringify(key)}]`;
    if (was === undefined || is === undefined) return [{ path, state: was ?? null, live: is ?? null }];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((name) => !isDeepStrictEqual(was[name] ?? null, is[name] ?? null))
      .map((name) => ({ path: `${path}.${name}`, state: was[name] ?? null, live: is[name] ?? null }));
  });
}

/**
 * The platforms of the image, which the Docker provider adds to a service when it creates it, and drops in the next update: it
 * takes them for a change when it reads.
 */
function isAddedByCreation({ path, state }: DriftedProperty): boolean {
  return /^taskSpec\.placement\.platforms\b/.test(path) && (state === null || isDeepStrictEqual(state, []));
}

/**
 * The count that only records that the task was replaced on request: `verify`, or `docker service update --force`. What is declared
 * is in effect; to count back would replace the task again.
 */
function isReplacementCount({ path }: DriftedProperty): boolean {
  return path === "taskSpec.forceUpdate";
}

function unequalOutputs(old: EventState, now: EventState): string[] {
  const [before, after] = [propertiesOf(old, "outputs"), propertiesOf(now, "outputs")];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isInternal(name) && !isDeepStrictEqual(before[name], after[name]),
  );
}

/** The inside of a secret is as opaque as the whole. */
function at(state: EventState, path: string): unknown {
  return parsePropertyPath(path).reduce<unknown>(
    (value, key) => {
      if (value === "[secret]" || typeof value !== "object" || value === null)
        return value === "[secret]" ? value : undefined;
      // A path that a diff gives leads through maps and lists alone.
      return (value as Record<string | number, unknown>)[key];
    },
    propertiesOf(state, "outputs"),
  );
}

/** One line for each thing that differs. */
export function driftLines(drift: readonly Drift[]): string[] {
  return drift.flatMap(({ type, name, change, properties }) => {
    const about = `${kindOf(type)} ${name}`;
    if (change === "gone") return [`${about} is gone`];
    if (properties.length === 0) return [`${about} has been replaced by another`];
    return properties.map((property) => {
      const { path, state, live } = property;
      const meaning = isScaledToNone(property) ? " (no task is running)" : "";
      return `${about}: ${path} is ${shown(live)}${meaning}, and ${shown(state)} in the state`;
    });
  });
}

function isScaledToNone({ path, live }: DriftedProperty): boolean {
  return path === "mode.replicated.replicas" && live === 0;
}

/** `service` of `docker:index/service:Service`. */
function kindOf(type: string): string {
  return type
    .slice(type.lastIndexOf(":") + 1)
    .replace(/[A-Z]/g, (letter, at) => (at === 0 ? "" : " ") + letter.toLowerCase());
}

function shown(value: unknown): string {
  if (value === null) return "not set";
  const text = scalarText(value);
  return text.length > shownLength ? `${text.slice(0, shownLength - 3)}...` : text;
}
