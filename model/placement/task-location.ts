/** Where a service's tasks may run before and after a change, from the swarm's nodes or from the constraints alone. */
import {
  isKnown,
  notKnown,
  type Constraint,
  type Known,
  type ServiceDefinition,
  type SwarmNode,
} from "../service/definition.ts";
import { contradictionIn, follows, matchingNodes, narrowingOf, pinOf, runApart } from "./constraints.ts";

/** Where the next task starts, relative to the current task's node. */
export type Move =
  /** Certainly on the same node. */
  | { readonly kind: "stays"; readonly assumption?: string }
  /** Certainly on another node. */
  | {
      readonly kind: "moves";
      readonly from: string;
      readonly to: string;
      /** Hostname of the other node, if only one is possible and known. */
      readonly host: string | undefined;
      readonly assumption?: string;
    }
  /** On the same node or another. */
  | { readonly kind: "may move"; readonly among: string }
  /** There is no node that it could start on. */
  | { readonly kind: "nowhere"; readonly why: string }
  | { readonly kind: "not known"; readonly why: string };

/** Whether the current node satisfies the new constraints, and where a new task would start. */
export interface Location {
  /** Whether the node of the running task satisfies the new constraints. */
  readonly nodeSatisfies: Known<boolean>;
  /** What {@link nodeSatisfies} assumes, and what happens if it is wrong. */
  readonly assumption: string | undefined;
  readonly move: Move;
  /** Hostname of the running task's node, if known. */
  readonly node: string | undefined;
  /** Id of the node that the next task starts on, if only one is possible and known. */
  readonly nextNodeId?: string;
  /** The swarm's nodes are known, and the running task's node is not among them. */
  readonly isNodeMissing?: true;
}

/** What is known of the swarm. */
export interface LocationFacts {
  readonly nodes: readonly SwarmNode[] | undefined;
  /** Ids of the nodes on which the service's tasks run now. */
  readonly taskNodes: readonly string[] | undefined;
}

/** Compares where tasks may run before and after a change. */
export function locate(before: ServiceDefinition, after: ServiceDefinition, facts: LocationFacts): Location {
  const found =
    facts.nodes === undefined
      ? locateByConstraints(before.constraints, after.constraints)
      : locateAmong(facts.nodes, before.constraints, after.constraints, facts.taskNodes);
  return before.mode === "global" && after.mode === "global" ? onItsNode(found) : found;
}

/** A global service's task never moves: it ends when its node no longer satisfies the constraints. */
function onItsNode(found: Location): Location {
  if (found.move.kind !== "may move") return found;
  if (found.nodeSatisfies === true) return { ...found, move: { kind: "stays" } };
  const to = "nodes that satisfy the constraints";
  return { ...found, move: { kind: "moves", from: found.node ?? "its node", to, host: undefined } };
}

/** A location of which only the next move, and what `known` adds, is known. */
function location(move: Move, known: Partial<Location> = {}): Location {
  return { nodeSatisfies: notKnown, assumption: undefined, move, node: undefined, ...known };
}

function unknown(why: string): Location {
  return location({ kind: "not known", why });
}

function locateAmong(
  all: readonly SwarmNode[],
  before: Known<readonly Constraint[]>,
  after: Known<readonly Constraint[]>,
  taskNodes: readonly string[] | undefined,
): Location {
  const targets = matchingNodes(after, all.filter(isUsable));
  const satisfying = matchingNodes(after, all);
  if (!isKnown(targets) || !isKnown(satisfying)) return unknown("a placement constraint is not known yet");
  const sources = sourcesOf(all, before, taskNodes);
  if (sources === undefined) return unknown("a placement constraint of the running service is not known");
  if (sources.length === 0) return locateBeyond(before, after, targets);
  const stays = sources.filter((node) => satisfying.includes(node));
  const node = sources.length === 1 ? sources[0]?.hostname : undefined;
  const nodeSatisfies = stays.length === sources.length ? true : stays.length === 0 ? false : notKnown;
  const [only] = targets;
  const next = only !== undefined && targets.length === 1 ? { nextNodeId: only.id } : {};
  const result = (move: Move): Location => location(move, { nodeSatisfies, node, ...next });
  if (only === undefined) return result({ kind: "nowhere", why: nowhere(after) });
  if (targets.length === 1 && sources.length === 1 && sources[0] === only) return result({ kind: "stays" });
  if (!targets.some((target) => sources.includes(target))) {
    const host = targets.length === 1 ? only.hostname : undefined;
    return result({ kind: "moves", from: names(sources), to: names(targets), host });
  }
  return result({ kind: "may move", among: `any of ${names(targets)}` });
}

/**
 * The task's node is not among the nodes: they are from another swarm or another time, or the node has left. What the constraints
 * say about it still holds.
 */
function locateBeyond(
  before: Known<readonly Constraint[]>,
  after: Known<readonly Constraint[]>,
  targets: readonly SwarmNode[],
): Location {
  const found: Location = { ...locateByConstraints(before, after), isNodeMissing: true };
  if (targets.length > 0 || found.move.kind !== "stays") return found;
  return { ...found, move: { kind: "nowhere", why: nowhere(after) } };
}

/** The nodes that the task may run on now; none when it is on an unlisted node. */
function sourcesOf(
  nodes: readonly SwarmNode[],
  constraints: Known<readonly Constraint[]>,
  taskNodes: readonly string[] = [],
): readonly SwarmNode[] | undefined {
  if (taskNodes.length > 0) {
    const running = nodes.filter(({ id }) => taskNodes.includes(id));
    return taskNodes.every((taskNode) => running.some(({ id }) => id === taskNode)) ? running : [];
  }
  const possible = matchingNodes(constraints, nodes);
  return isKnown(possible) ? possible : undefined;
}

/** Why a new service has no node to start on; `undefined` when nothing is known to rule out all of them. */
export function whyNowhere(
  { constraints }: ServiceDefinition,
  nodes: readonly SwarmNode[] | undefined,
): string | undefined {
  if (contradictionIn(constraints) !== undefined) return contradictory;
  const targets = nodes === undefined ? notKnown : matchingNodes(constraints, nodes.filter(isUsable));
  return isKnown(targets) && targets.length === 0 ? nowhere(constraints) : undefined;
}

const contradictory = "its placement constraints contradict each other";

/** Whether Swarm starts tasks on a node. */
export function isUsable({ state, availability }: SwarmNode): boolean {
  return state === "ready" && availability === "active";
}

function nowhere(constraints: Known<readonly Constraint[]>): string {
  const texts = isKnown(constraints) ? constraints.map(({ text }) => (isKnown(text) ? text : "")) : [];
  return texts.length === 0
    ? "no node is ready and active"
    : `no node that is ready and active satisfies ${texts.join(" and ")}`;
}

function names(nodes: readonly SwarmNode[]): string {
  const hostnames = nodes.map(({ hostname }) => hostname);
  return hostnames.length > 4
    ? `${hostnames.slice(0, 3).join(", ")} and ${hostnames.length - 3} more`
    : hostnames.join(", ");
}

/** Without the nodes: what the constraints say about the running task's node. */
function locateByConstraints(before: Known<readonly Constraint[]>, after: Known<readonly Constraint[]>): Location {
  if (!isKnown(before) || !isKnown(after)) return unknown("a placement constraint is not known yet");
  const node = pinnedHost(before);
  if (contradictionIn(after) !== undefined)
    return location({ kind: "nowhere", why: contradictory }, { nodeSatisfies: false, node });
  const added = after.filter((constraint) => !before.some((each) => isSame(each, constraint)));
  const answers = added.map((constraint) => follows(constraint, before));
  if (answers.includes(notKnown)) return unknown("a placement constraint is not known yet");
  if (runApart(before, after) || answers.includes("no")) {
    const host = pinnedHost(after);
    const assumption = `a node satisfies ${texts(added)}`;
    const [from, to] = [node ?? "its node", host ?? "another node"];
    return location({ kind: "moves", from, to, host, assumption }, { nodeSatisfies: false, node });
  }
  const isOpen = answers.includes("perhaps");
  const assumption = isOpen ? `the node of the running task satisfies ${texts(added)}` : undefined;
  const keepsPin = after.some(
    (constraint) => narrowingOf(constraint) !== "none" && before.some((each) => isSame(each, constraint)),
  );
  // With the pin kept, an added constraint that does not hold at worst leaves a new task pending; in its place, it may move the task.
  const nodeSatisfies = isOpen && !keepsPin ? notKnown : true;
  const move: Move = keepsPin
    ? { kind: "stays", ...pinAssumption(after) }
    : { kind: "may move", among: after.length === 0 ? "any node" : `any node that satisfies ${texts(after)}` };
  return location(move, { nodeSatisfies, assumption, node });
}

/** A label is assumed to be a pin unless several nodes are known to have it. */
function pinAssumption(constraints: readonly Constraint[]): { assumption: string } | undefined {
  const pin = pinOf(constraints);
  return pin.kind === "names a label"
    ? { assumption: `one node alone carries the label of ${texts(pin.labels)}` }
    : undefined;
}

function isSame(one: Constraint, other: Constraint): boolean {
  if (!isKnown(one.value) || !isKnown(other.value) || !isKnown(one.key)) return false;
  return (
    one.key === other.key && one.operator === other.operator && one.value.toLowerCase() === other.value.toLowerCase()
  );
}

/** The node that constraints name by its hostname; `undefined` when they name none. */
export function pinnedHost(constraints: readonly Constraint[]): string | undefined {
  const host = constraints.find((constraint) => narrowingOf(constraint) === "hostname")?.value;
  return host === undefined || !isKnown(host) ? undefined : host;
}

function texts(constraints: readonly Constraint[]): string {
  return constraints.map(({ text }) => (isKnown(text) ? text : "a constraint that is not known")).join(" and ");
}
