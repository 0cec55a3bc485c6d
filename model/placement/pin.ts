import { matching } from "../../text/matching.ts";

/** A label of a node, set by `docker node update --label-add <name>=<value> <node>`. */
export interface NodeLabel {
  name: string;
  value: string;
}

/** The one node that a service is tied to, named by exactly one of three marks. */
export type Pin = HostnamePin | NodeIdPin | LabelPin;

/** The node's hostname, as `docker node ls` shows it. Two nodes carry it after a node left and joined again (moby#24106). */
export interface HostnamePin {
  hostname: string;
  nodeId?: never;
  label?: never;
}

/** The node's id. A node that leaves and joins again gets a new one. */
export interface NodeIdPin {
  nodeId: string;
  hostname?: never;
  label?: never;
}

/** A label that exactly one node carries: the mark that survives a node's replacement, so the best pin. */
export interface LabelPin {
  label: NodeLabel;
  hostname?: never;
  nodeId?: never;
}

/**
 * Writes a pin as Swarm's placement constraint, such as `node.hostname==vm`.
 *
 * @param path - where the pin stands, for the error
 * @throws InputError when the mark is empty or holds characters that Swarm does not take in a constraint
 * @see https://github.com/moby/swarmkit/blob/master/manager/constraint/constraint.go (`Parse`)
 */
export function pinConstraint(pin: Pin, path: string): string {
  if (pin.hostname !== undefined) return `node.hostname==${requireNodeMark(pin.hostname, `${path}.hostname`)}`;
  if (pin.nodeId !== undefined) return `node.id==${requireNodeMark(pin.nodeId, `${path}.nodeId`)}`;
  const name = requireNodeMark(pin.label.name, `${path}.label.name`);
  return `node.labels.${name}==${requireNodeMark(pin.label.value, `${path}.label.value`)}`;
}

/** Whether two constraints ask for the same mark; Swarm ignores case. */
export function isSameConstraint(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether two constraints certainly name two nodes: by the same kind of mark, with different values. */
export function areOtherNodes(one: string, other: string): boolean {
  const [kind, mark] = one.toLowerCase().split("==");
  const [otherKind, otherMark] = other.toLowerCase().split("==");
  return kind === otherKind && mark !== otherMark;
}

/**
 * Checks a hostname, an id or a part of a label.
 *
 * @throws InputError when Swarm would not take it for just that in a constraint
 */
export const requireNodeMark = matching(/^[a-z0-9][a-z0-9._-]*$/iu, {
  expected: "letters, digits, '.', '_' and '-', beginning with a letter or digit",
  fix: "Give it as `docker node ls` and `docker node inspect` show it",
});
