import { findEngine, type EngineConnection } from "../swarm/connection.ts";

/** The engines of a repeated `--engine`, else the one that the docker CLI would use. */
export function enginesToAsk(hosts: readonly string[]): EngineConnection[] {
  return hosts.length === 0 ? [findEngine()] : [...new Set(hosts)].map((host) => findEngine({ host }));
}
