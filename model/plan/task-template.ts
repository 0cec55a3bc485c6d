/**
 * Swarm's rule for replacing a task: `IsTaskDirty` in swarmkit's manager/orchestrator/task.go.
 *
 * 1. Only the placement differs, and the task's node satisfies the new constraints: the task stays. The endpoint is then not
 *    compared at all, so a change of a port in the same update is not in effect until something else replaces the task.
 * 2. The task's specification and the endpoint's are equal: the task stays.
 * 3. Anything else: the task is replaced.
 */
import { durationIn } from "../../text/duration.ts";
import { isKnown, notKnown, secretMark, type Known } from "../service/definition.ts";

/** What Swarm compares, in its author's terms; both sides of a comparison must come from the same kind of input. */
export interface TaskTemplate {
  /** Constraints, preferences, platforms, replicas per node. */
  readonly placement: unknown;
  /** Everything else in the task's specification. */
  readonly rest: unknown;
  readonly endpoint: unknown;
  /** Paths that the planner reports as changed although their values are hidden, such as a secret environment variable. */
  readonly hiddenChanges: readonly string[];
  /** Whether these are the exact values that Swarm gets, in order; zero values and empty blocks then count as written. */
  readonly isExact: boolean;
  /** The path of each part, for messages. */
  readonly paths: { readonly placement: string; readonly rest: string; readonly endpoint: string };
}

/** A property whose value changes. */
export interface PropertyChange {
  /** For example `taskSpec.containerSpec.mounts[0].source`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Whether a property is `holder` or a part of it. */
export function isPartOf(path: string, holder: string): boolean {
  return path === holder || path.startsWith(`${holder}.`) || path.startsWith(`${holder}[`);
}

/** What an update does to a running task. */
export interface TaskComparison {
  /** Not known when it depends on the node's labels. */
  readonly isReplaced: Known<boolean>;
  /** The differences in the task and its endpoint. */
  readonly changes: readonly PropertyChange[];
  /** Endpoint changes while the task stays: reported as done, but not in effect. */
  readonly stale: readonly PropertyChange[];
}

/** What is known apart from the two templates. */
export interface ComparisonFacts {
  /** Whether the task's node satisfies the new constraints. */
  readonly nodeSatisfies: Known<boolean>;
  /**
   * Whether the task's placement differs from the service's even if the plan does not change it: the first update drops the
   * platforms that the creation added, and a task that survives a placement change keeps its old one.
   */
  readonly hasOtherPlacement: Known<boolean>;
  /** Whether the executor makes sure that a changed endpoint takes effect (the embedded engine does). */
  readonly enforcesEndpoint: boolean;
}

/** Applies Swarm's rule to an update in place. */
export function compareTasks(before: TaskTemplate, after: TaskTemplate, facts: ComparisonFacts): TaskComparison {
  const { rest, placement, endpoint } = templateDifferences(before, after);
  const changes = [...rest, ...placement, ...endpoint];
  const stays = { isReplaced: false, changes, stale: [] };
  const replaced = (isReplaced: Known<boolean>): TaskComparison => ({ isReplaced, changes, stale: [] });
  if (rest.length > 0) return replaced(true);
  if (endpoint.length > 0 && facts.enforcesEndpoint) return replaced(true);
  const placementDiffers = placement.length > 0 ? true : facts.hasOtherPlacement;
  if (placement.length > 0 && facts.nodeSatisfies !== true) {
    return replaced(facts.nodeSatisfies === false ? true : notKnown);
  }
  if (endpoint.length === 0) return stays;
  if (!isKnown(placementDiffers)) return replaced(notKnown);
  return placementDiffers ? { ...stays, stale: endpoint } : replaced(true);
}

/** The differences between two templates, part by part. */
export function templateDifferences(
  before: TaskTemplate,
  after: TaskTemplate,
): Readonly<Record<"rest" | "placement" | "endpoint", readonly PropertyChange[]>> {
  const isExact = before.isExact && after.isExact;
  const part = (name: "rest" | "placement" | "endpoint"): readonly PropertyChange[] =>
    changesIn(before[name], after[name], after.paths[name], isExact);
  const hidden = after.hiddenChanges.map((path) => ({ path, before: secretMark, after: secretMark }));
  return { rest: [...part("rest"), ...hidden], placement: part("placement"), endpoint: part("endpoint") };
}

/** Properties that hold durations, which may be written in several ways. */
const durations = new Set(["interval", "timeout", "startPeriod", "stopGracePeriod", "delay", "window", "monitor"]);

/** What identifies the entries of a list whose order is irrelevant. */
const listKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["mounts", ["target"]],
  ["volumes", ["target"]],
  ["secrets", ["fileName", "target"]],
  ["configs", ["fileName", "target"]],
  ["ports", ["targetPort", "target", "protocol"]],
  ["labels", ["label"]],
  ["networksAdvanceds", ["id"]],
  ["networks", ["target"]],
]);

/** Lists whose order is irrelevant to the provider. */
const unordered = new Set(["constraints", "capAdds", "capDrops", "aliases", "groups"]);

/**
 * Finds the differences between two trees. Go's zero values count as left out, durations are compared by length, and entries of
 * mounts, ports and similar lists are matched by what identifies them, not by position.
 */
export function differences(before: unknown, after: unknown, path: string): readonly PropertyChange[] {
  return changesIn(before, after, path, false);
}

function changesIn(before: unknown, after: unknown, path: string, isExact: boolean): readonly PropertyChange[] {
  const changes: PropertyChange[] = [];
  compare(before, after, { path, key: "" }, isExact, changes);
  return changes;
}

/** The position of two values that are compared. */
interface Place {
  readonly path: string;
  /** The name of the property or list that they belong to; `""` for an entry that is matched by what identifies it. */
  readonly key: string;
}

/** Adds the differences to `changes`. */
function compare(before: unknown, after: unknown, place: Place, isExact: boolean, changes: PropertyChange[]): void {
  const isNone = isExact ? (value: unknown) => value === undefined : isZero;
  if (before === after || (isNone(before) && isNone(after))) return;
  const { path, key } = place;
  if (Array.isArray(before) || Array.isArray(after)) {
    compareLists(listOf(before, isNone), listOf(after, isNone), place, isExact, changes);
  } else if (isTree(before) || isTree(after)) {
    if (!(isTree(before) || isNone(before)) || !(isTree(after) || isNone(after))) {
      changes.push({ path, before, after });
      return;
    }
    const count = changes.length;
    compareTrees(isTree(before) ? before : {}, isTree(after) ? after : {}, path, isExact, changes);
    // An empty block is not the same as no block.
    if (changes.length === count && isExact && isTree(before) !== isTree(after)) changes.push({ path, before, after });
  } else if (isExact || !isSameScalar(before, after, key)) {
    changes.push({ path, before, after });
  }
}

function compareTrees(before: Tree, after: Tree, path: string, isExact: boolean, changes: PropertyChange[]): void {
  for (const key of allKeys(before, after)) {
    const [was, is] = [own(before, key), own(after, key)];
    if (was !== is) compare(was, is, { path: joined(path, key), key }, isExact, changes);
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  { path, key }: Place,
  isExact: boolean,
  changes: PropertyChange[],
): void {
  const names = listKeys.get(key);
  if (names === undefined) {
    const isUnordered = unordered.has(key) && !isExact;
    const was = isUnordered ? sorted(before) : before;
    const is = isUnordered ? sorted(after) : after;
    for (let index = 0; index < Math.max(was.length, is.length); index++) {
      compare(was[index], is[index], { path: `${path}[${index}]`, key }, isExact, changes);
    }
    return;
  }
  const count = changes.length;
  const identity = (entry: unknown): string => identityOf(entry, names);
  const rest = [...before];
  for (const [index, entry] of after.entries()) {
    const at = rest.findIndex((each) => identity(each) === identity(entry));
    const [match] = at < 0 ? [] : rest.splice(at, 1);
    const place = `${path}[${index}]`;
    if (match === undefined && !isZero(entry)) changes.push({ path: place, before: undefined, after: entry });
    else compare(match, entry, { path: place, key: "" }, isExact, changes);
  }
  const gone = rest.filter((entry) => !isZero(entry));
  const isMoved = isExact && before.some((entry, index) => identity(entry) !== identity(after[index]));
  if (isMoved && changes.length === count && gone.length === 0) changes.push({ path, before, after });
  for (const entry of gone)
    changes.push({ path: `${path}[${before.indexOf(entry)}]`, before: entry, after: undefined });
}

/** What identifies an entry of a list. */
function identityOf(entry: unknown, names: readonly string[]): string {
  if (isPlain(entry)) return String(entry);
  return names
    .map((name) => (isTree(entry) && isPlain(own(entry, name)) ? String(own(entry, name)) : ""))
    .join("\u0000");
}

function isSameScalar(before: unknown, after: unknown, key: string): boolean {
  if (durations.has(key) && typeof before === "string" && typeof after === "string") {
    return (durationIn(before) ?? before) === (durationIn(after) ?? after);
  }
  // Authors do not distinguish `1` from `"1"`.
  return isPlain(before) && isPlain(after) && String(before) === String(after);
}

function listOf(value: unknown, isNone: (value: unknown) => boolean): readonly unknown[] {
  return Array.isArray(value) ? value : isNone(value) ? [] : [value];
}

function sorted(list: readonly unknown[]): readonly unknown[] {
  const text = (value: unknown): string => (isPlain(value) ? String(value) : JSON.stringify(value));
  return list.toSorted((one, other) => text(one).localeCompare(text(other)));
}

type Tree = Readonly<Record<string, unknown>>;

/** A tree's own member: users may write names such as `constructor`. */
function own(tree: Tree, name: string): unknown {
  return Object.hasOwn(tree, name) ? tree[name] : undefined;
}

function allKeys(left: Tree, right: Tree): readonly string[] {
  const keys = Object.keys(left);
  for (const key in right) if (!Object.hasOwn(left, key)) keys.push(key);
  return keys;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Go's zero values, which Swarm has when nothing was written. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false || value === "0s")
    return true;
  if (Array.isArray(value)) return value.every(isZero);
  if (!isTree(value)) return false;
  for (const key in value) if (!isZero(value[key])) return false;
  return true;
}

function joined(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
