import { InputError, showValue } from "../../text/input-error.ts";
import { isKnown, notKnown, type Constraint, type Known, type SwarmNode } from "../service/definition.ts";

/** A constraint that Swarm refuses, so no node satisfies it. */
function refused(text: string): Constraint {
  return { text, key: "", operator: "==", value: "" };
}

/**
 * Parses a constraint.
 *
 * @param text - as its author wrote it
 * @param unknownPart - a placeholder within `text` for an unknown part
 * @see https://github.com/moby/swarmkit/blob/master/manager/constraint/constraint.go (`Parse`)
 */
export function parseConstraint(text: Known<string>, unknownPart?: string): Constraint {
  if (!isKnown(text)) return { text, key: notKnown, operator: "==", value: notKnown };
  const match = /^(?<key>[^=!]*)(?<operator>==|!=)(?<value>.*)$/su.exec(text);
  const key = match?.groups?.["key"]?.trim() ?? "";
  const value = match?.groups?.["value"]?.trim() ?? "";
  const isPartial = unknownPart !== undefined && text.includes(unknownPart);
  if (isPartial && (match === null || key.includes(unknownPart))) return parseConstraint(notKnown);
  if (!/^[a-z_][a-z0-9\-_.]+$/iu.test(key)) return refused(text);
  if (!isPartial && !/^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/iu.test(value)) return refused(text);
  const label = /^(?<prefix>node\.labels\.|engine\.labels\.)(?<name>.+)$/iu.exec(key)?.groups;
  return {
    text: isPartial ? notKnown : text,
    key: label === undefined ? key.toLowerCase() : `${label["prefix"]?.toLowerCase() ?? ""}${label["name"] ?? ""}`,
    operator: match?.groups?.["operator"] === "!=" ? "!=" : "==",
    value: isPartial ? notKnown : value,
  };
}

/** What Swarm knows about a node apart from its labels. */
const attributes = new Map<string, (node: SwarmNode) => string>([
  ["node.id", ({ id }) => id],
  ["node.hostname", ({ hostname }) => hostname],
  ["node.ip", ({ address }) => address],
  ["node.role", ({ role }) => role],
  ["node.platform.os", ({ os }) => os],
  ["node.platform.arch", ({ architecture }) => architecture],
]);

/**
 * Checks a constraint.
 *
 * @param path - its path, for the error
 * @throws InputError when Swarm would refuse it, or when no node could satisfy it
 */
export function requireConstraint(text: string, path: string): string {
  const { key, value } = parseConstraint(text);
  const isLabel = isKnown(key) && /^(?:node|engine)\.labels\../u.test(key);
  if (isKnown(key) && value !== "" && (isLabel || attributes.has(key))) return text;
  throw new InputError({
    path,
    expected: "what Swarm knows of a node, == or !=, and a value",
    got: showValue(text),
    fix: "Write for example node.labels.disk==ssd or node.role==worker",
  });
}

/** How a single constraint helps to pin a service. */
export type Narrowing = "hostname" | "node id" | "address" | "label" | "none";

/** How far a constraint narrows the choice of nodes. `node.role`, platforms, engine labels and `!=` never single out one node. */
export function narrowingOf({ key, operator, value }: Constraint): Known<Narrowing> {
  if (!isKnown(key)) return notKnown;
  if (operator !== "==") return "none";
  if (key === "node.hostname") return "hostname";
  if (key === "node.id") return "node id";
  if (key === "node.ip") return isKnown(value) && value.includes("/") ? "none" : "address";
  return key.startsWith("node.labels.") ? "label" : "none";
}

/** What a service's constraints say about the one node that its tasks run on, without looking at any node. */
export type ConstraintPin =
  | { readonly kind: "names a node"; readonly by: "hostname" | "node id" | "address"; readonly index: number }
  /** A pin only if exactly one node has all these labels. */
  | { readonly kind: "names a label"; readonly labels: readonly Constraint[]; readonly index: number }
  | { readonly kind: "none" }
  | { readonly kind: "not known" };

/** Finds the pin among a service's constraints; the strongest one wins. */
export function pinOf(constraints: Known<readonly Constraint[]>): ConstraintPin {
  if (!isKnown(constraints)) return { kind: "not known" };
  const narrowings = constraints.map(narrowingOf);
  for (const by of ["node id", "hostname", "address"] as const) {
    if (narrowings.includes(by)) return { kind: "names a node", by, index: narrowings.indexOf(by) };
  }
  if (narrowings.includes("label")) {
    const labels = constraints.filter((_, index) => narrowings[index] === "label");
    return { kind: "names a label", labels, index: narrowings.indexOf("label") };
  }
  return { kind: narrowings.includes(notKnown) ? "not known" : "none" };
}

/** Whether a node satisfies a constraint. Swarm ignores the case of values, but not of label names. */
export function satisfies(node: SwarmNode, { key, operator, value }: Constraint): Known<boolean> {
  if (!isKnown(key) || !isKnown(value)) return notKnown;
  const is = (actual: string | undefined): boolean =>
    (actual?.toLowerCase() === value.toLowerCase()) === (operator === "==");
  if (key.startsWith("node.labels.")) return is(labelValue(node.labels, key.slice("node.labels.".length)));
  if (key.startsWith("engine.labels.")) return is(labelValue(node.engineLabels, key.slice("engine.labels.".length)));
  if (key === "node.ip" && value.includes("/")) return notKnown;
  const attribute = attributes.get(key);
  // No node satisfies a key that Swarm does not know.
  return attribute !== undefined && is(attribute(node));
}

function labelValue(labels: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** The nodes that satisfy all constraints; not known when that depends on an unknown constraint. */
export function matchingNodes(
  constraints: Known<readonly Constraint[]>,
  nodes: readonly SwarmNode[],
): Known<readonly SwarmNode[]> {
  if (!isKnown(constraints)) return notKnown;
  const matching: SwarmNode[] = [];
  for (const node of nodes) {
    const answers = constraints.map((constraint) => satisfies(node, constraint));
    if (answers.includes(false)) continue;
    if (answers.includes(notKnown)) return notKnown;
    matching.push(node);
  }
  return matching;
}

/** Finds two constraints that no node can satisfy together, such as two different hostnames, or `==` and `!=` with one value. */
export function contradictionIn(
  constraints: Known<readonly Constraint[]>,
): readonly [Constraint, Constraint] | undefined {
  if (!isKnown(constraints)) return undefined;
  for (const [index, one] of constraints.entries()) {
    const other = constraints.slice(0, index).find((earlier) => contradict(earlier, one));
    if (other !== undefined) return [other, one];
  }
  return undefined;
}

function contradict(one: Constraint, other: Constraint): boolean {
  if (!isKnown(one.key) || one.key !== other.key || !isKnown(one.value) || !isKnown(other.value)) return false;
  const isEqual = one.value.toLowerCase() === other.value.toLowerCase();
  if (one.operator !== other.operator) return isEqual;
  // A node's address may be in several ranges.
  return one.operator === "==" && !isEqual && !isRange(one) && !isRange(other);
}

function isRange({ key, value }: Constraint): boolean {
  return key === "node.ip" && isKnown(value) && value.includes("/");
}

/**
 * Whether two services can never share a node because their constraints exclude each other. Volumes of the same name are then
 * different volumes.
 */
export function runApart(one: Known<readonly Constraint[]>, other: Known<readonly Constraint[]>): boolean {
  if (!isKnown(one) || !isKnown(other)) return false;
  return one.some((constraint) => other.some((each) => contradict(constraint, each)));
}

/** Whether a node that satisfies the known constraints also satisfies this one: yes, no, or it depends on the node. */
export function follows(constraint: Constraint, known: readonly Constraint[]): Known<"yes" | "no" | "perhaps"> {
  const { key, value, operator } = constraint;
  if (!isKnown(key) || !isKnown(value)) return notKnown;
  if (runApart([constraint], known)) return "no";
  if (runApart([{ ...constraint, operator: operator === "==" ? "!=" : "==" }], known)) return "yes";
  return known.some((each) => each.key === key && !isKnown(each.value)) ? notKnown : "perhaps";
}

/** Placement constraints on one line; `none` when there are none. */
export function constraintText(constraints: Known<readonly Constraint[]>): string {
  if (!isKnown(constraints)) return "not known";
  return constraints.map(({ text }) => (isKnown(text) ? text : "…")).join(", ") || "none";
}
