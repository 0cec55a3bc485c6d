import type { SwarmNode } from "../../model/service/definition.ts";
import { requireNodePattern, type NodePlaceholder } from "../../model/placement/node-pattern.ts";
import { findEngine, listNodes, swarmMembership, type EngineConnection } from "./connection.ts";
import { askEngine } from "./report.ts";

/** What an engine's address can be made from. */
type AddressedNode = Pick<SwarmNode, "id" | "hostname" | "address">;

const placeholders: Readonly<Record<NodePlaceholder, (node: AddressedNode) => string>> = {
  "{hostname}": ({ hostname }) => hostname,
  "{address}": ({ address }) => address,
};

/**
 * The engines of all nodes of a swarm, found by asking its managers for the nodes.
 *
 * @param known engines of which at least one is a manager that answers; otherwise there are none to be found
 * @param pattern the address of a node's engine, with `{hostname}` or `{address}` (as the managers see it) in it
 * @throws InputError for a pattern that is the same for all nodes, or that makes no address
 */
export async function nodeEngines(known: readonly EngineConnection[], pattern: string): Promise<EngineConnection[]> {
  requireNodePattern(pattern, "--nodes");
  return (await nodesOf(known)).map((node) => findEngine({ host: hostOf(node, pattern) }));
}

/**
 * The engine of one node: the manager's own, or the one at the address that the pattern makes.
 *
 * @returns undefined where it cannot be asked, or another node answers there
 */
export async function engineOfNode(
  manager: EngineConnection,
  node: AddressedNode,
  pattern: string | undefined,
): Promise<EngineConnection | undefined> {
  if ((await swarmMembership(manager)).nodeId === node.id) return manager;
  if (pattern === undefined) return undefined;
  const engine = findEngine({ host: hostOf(node, pattern) });
  try {
    return (await askEngine(engine)).nodeId === node.id ? engine : undefined;
  } catch {
    return undefined;
  }
}

function hostOf(node: AddressedNode, pattern: string): string {
  return Object.entries(placeholders).reduce(
    (text, [placeholder, value]) => text.replaceAll(placeholder, () => value(node)),
    pattern,
  );
}

/** The nodes, from the first engine that knows them; all are asked at once, for some may be silent. */
async function nodesOf(known: readonly EngineConnection[]): Promise<readonly AddressedNode[]> {
  const answers = known.map(async (connection) => {
    if (!(await askEngine(connection)).isManager) throw new Error("no manager");
    return listNodes(connection);
  });
  return Promise.any(answers).catch(() => []);
}
