import { InputError, showValue } from "../model/input-error.ts";
import { findEngine, listNodes, type EngineConnection, type SwarmNode } from "./connection.ts";
import { askEngine } from "./engine-report.ts";

const placeholders: Readonly<Record<string, (node: SwarmNode) => string>> = {
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
  if (!Object.keys(placeholders).some((placeholder) => pattern.includes(placeholder))) {
    throw new InputError({
      path: "--nodes",
      expected: "an address with {hostname} or {address} in it",
      got: showValue(pattern),
      fix: "Write for example ssh://root@{hostname}",
    });
  }
  return (await nodesOf(known)).map((node) => {
    const host = Object.entries(placeholders).reduce(
      (text, [placeholder, value]) => text.replaceAll(placeholder, () => value(node)),
      pattern,
    );
    return findEngine({ host });
  });
}

/** The nodes, from the first engine that knows them; all are asked at once, for some may be silent. */
async function nodesOf(known: readonly EngineConnection[]): Promise<SwarmNode[]> {
  const answers = known.map(async (connection) => {
    if (!(await askEngine(connection)).isManager) throw new Error("no manager");
    return listNodes(connection);
  });
  return Promise.any(answers).catch(() => []);
}
