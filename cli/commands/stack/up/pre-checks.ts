import type { ListedNode } from "../../../../swarm/engine/connection.ts";
import { advised } from "../../../../text/advised-command.ts";
import { InputError } from "../../../../text/input-error.ts";

/**
 * Refuses a node to pin to that does not exist, before anything is changed. Hostnames are compared as Swarm does, case
 * ignored (swarmkit manager/constraint).
 */
export function requireNode(hostname: string, nodes: readonly ListedNode[]): void {
  if (nodes.some((node) => sameHostname(node.hostname, hostname))) return;
  throw new InputError({
    path: "holdfast:node",
    expected: `the hostname of a node of this swarm (${nodes.map((node) => node.hostname).join(", ")})`,
    got: JSON.stringify(hostname),
    fix: `Set one of them with \`${advised("config set", "node <hostname>")}\`; existing data stays on its old node`,
  });
}

/** The node to pin to where none is configured: the only one there is. */
export function onlyNode(nodes: readonly ListedNode[]): string {
  const [first, ...others] = nodes;
  if (first !== undefined && others.length === 0) return first.hostname;
  throw new InputError({
    path: "holdfast:node",
    expected: `the node that keeps the data, one of ${nodes.map((node) => node.hostname).join(", ")}`,
    got: "nothing",
    fix: `Choose one with \`${advised("config set", "node <hostname>")}\``,
  });
}

function sameHostname(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
