import { resolve } from "node:path";
import { findEngine, type EngineConnection } from "../../../swarm/engine/connection.ts";
import { nodeEngines } from "../../../swarm/engine/node-engines.ts";
import { engineOfFolder } from "../../context/find-swarm.ts";

/** The options by which engines are chosen. */
export interface EngineChoice {
  /** Hosts as DOCKER_HOST takes them, or `context:NAME`. */
  engine: string[];
  /** The address of each node's engine, with `{hostname}` or `{address}` in it. */
  nodes?: string | undefined;
  /** Where the command runs. @default the current folder */
  cwd?: string | undefined;
}

/** The engines of a repeated `--engine`, else the one that `up` would use; with `--nodes` those of all nodes too. */
export async function enginesToAsk({ engine, nodes, cwd }: EngineChoice): Promise<EngineConnection[]> {
  const named =
    engine.length === 0 ? [await engineOfFolder(resolve(cwd ?? "."))] : [...new Set(engine)].map(namedEngine);
  return nodes === undefined ? named : [...named, ...(await nodeEngines(named, nodes))];
}

const contextPrefix = "context:";

function namedEngine(name: string): EngineConnection {
  return name.startsWith(contextPrefix)
    ? findEngine({ context: name.slice(contextPrefix.length) })
    : findEngine({ host: name });
}
