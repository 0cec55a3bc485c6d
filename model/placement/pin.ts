import { matching } from "../../text/matching.ts";

/** A label of a node, set by `docker node update --label-add <name>=<value> <node>`. */
export interface NodeLabel {
  name: string;
  value: string;
}

/** The node that a service is pinned to, identified in one of three ways. */
export type Pin = HostnamePin | NodeIdPin | LabelPin;

/** The node's hostname, as `docker node ls` shows it. Two nodes have it after a node left and rejoined (moby#24106). */
export interface HostnamePin {
  hostname: string;
  nodeId?: never;
  label?: never;
}

/** The node's id. A node that leaves and rejoins gets a new one. */
export interface NodeIdPin {
  nodeId: string;
  hostname?: never;
  label?: never;
}

/** A label that exactly one node has. It survives the replacement of a node, so it is the best pin. */
export interface LabelPin {
  label: NodeLabel;
  hostname?: never;
  nodeId?: never;
}

/**
 * Writes a pin as Swarm's placement constraint, such as `node.hostname==vm`.
 *
 * @param path - the pin's path, for the error
 * @throws InputError when the value is empty or has characters that Swarm does not allow in a constraint
 * @see https://github.com/moby/swarmkit/blob/master/manager/constraint/constraint.go (`Parse`)
 */
export function pinConstraint(pin: Pin, path: string): string {
  if (pin.hostname !== undefined) return `node.hostname==${requireNodeMark(pin.hostname, `${path}.hostname`)}`;
  if (pin.nodeId !== undefined) return `node.id==${requireNodeMark(pin.nodeId, `${path}.nodeId`)}`;
  const name = requireNodeMark(pin.label.name, `${path}.label.name`);
  return `node.labels.${name}==${requireNodeMark(pin.label.value, `${path}.label.value`)}`;
}

/** Whether two constraints name the same node; Swarm ignores case. */
export function isSameConstraint(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether two constraints certainly name different nodes: the same attribute with different values. */
export function areOtherNodes(one: string, other: string): boolean {
  const [kind, mark] = one.toLowerCase().split("==");
  const [otherKind, otherMark] = other.toLowerCase().split("==");
  return kind === otherKind && mark !== otherMark;
}

/**
 * Validates a hostname, an id or a part of a label.
 *
 * @throws InputError when Swarm would not read it literally in a constraint
 */
export const requireNodeMark = matching(/^[a-z0-9][a-z0-9._-]*$/iu, {
  expected: "letters, digits, '.', '_' and '-', beginning with a letter or digit",
  fix: "Give it as `docker node ls` and `docker node inspect` show it",
});
