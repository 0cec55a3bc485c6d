import { z } from "zod";
import { volumesToLookAt } from "../impact/simulation/volume-sight.ts";
import { readFacts } from "../inputs/swarm/facts.ts";
import type { LiveFacts, Plan } from "../model/plan/plan.ts";
import type { Service } from "../swarm/api/objects.ts";
import { inspectNetwork } from "../swarm/api/reads.ts";
import { swarmMembership, type EngineConnection } from "../swarm/engine/connection.ts";
import { nodeEngines } from "../swarm/engine/node-engines.ts";
import { readSwarmOf, type SwarmOfEngine } from "./read-swarm.ts";
import { findUnavailable, type Unavailable } from "./readiness/swarm-supply.ts";
import { lookAtVolumes } from "./volume-sight.ts";

const statsSchema = z.object({
  memory_stats: z.object({ usage: z.number(), stats: z.record(z.string(), z.number()).optional() }),
});

/**
 * Adds what has to be looked up for one plan: what is in the volumes that its services find on other nodes than that of their data,
 * and what they need and cannot have. The connected engine is asked; with a pattern, each node's engine is asked for its volumes.
 *
 * @param pattern - the address of a node's engine, with `{hostname}` or `{address}` in it
 */
export async function lookCloser(
  facts: Readonly<Record<string, unknown>>,
  plan: Plan,
  connection: EngineConnection,
  pattern: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { live } = readFacts(facts, "the swarm");
  const unavailable = unavailableTo(plan, live, connection);
  const wanted = volumesToLookAt(plan, live);
  if (wanted.length === 0) return { ...facts, ...(await unavailable) };
  const engines = [connection, ...(pattern === undefined ? [] : await nodeEngines([connection], pattern))];
  return { ...facts, ...(await unavailable), volumesOn: await lookAtVolumes(engines, wanted) };
}

/** What a plan's services need and cannot have. A registry or an engine that does not answer has refused nothing. */
async function unavailableTo(
  { steps }: Plan,
  { nodes, use }: LiveFacts,
  connection: EngineConnection,
): Promise<Partial<Unavailable>> {
  if (nodes === undefined || use === undefined) return {};
  const planned = steps.flatMap(({ operation, before, after }) =>
    operation !== "same" && after?.kind === "service"
      ? [{ before: before?.kind === "service" ? before.definition : undefined, after: after.definition }]
      : [],
  );
  return findUnavailable(connection, { nodes, use }, planned).catch(() => ({}));
}

/**
 * Asks the swarm for everything that sharpens a verdict, in the form that `inputs/swarm/facts.ts` reads. What the connected engine
 * cannot know, such as the memory of a task on another node, is left out.
 *
 * @throws EngineError (an InputError) when the engine does not answer or manages no swarm
 */
export async function factsFrom(connection: EngineConnection): Promise<Record<string, unknown>> {
  const live = await readSwarmOf(connection);
  const [{ nodeId }, listed] = await Promise.all([swarmMembership(connection), connection.docker.listNetworks()]);
  return {
    ...live,
    engineNode: nodeId,
    networks: [...listed, ...(await unlistedNetworks(connection, listed, live.services))],
    datasetBytes: await datasetBytes(connection, live),
  };
}

/** Networks of services that no list has, such as Swarm's own `host`: they can only be inspected by id. */
async function unlistedNetworks(
  { docker }: EngineConnection,
  listed: readonly { Id: string }[],
  services: readonly Service[],
): Promise<readonly unknown[]> {
  const known = new Set(listed.map(({ Id }) => Id));
  const targets = services.flatMap(({ Spec }) => Spec.TaskTemplate.Networks?.map(({ Target }) => Target) ?? []);
  const unlisted = [...new Set(targets)].filter((id) => !known.has(id));
  const found = await Promise.all(unlisted.map((id) => inspectNetwork(docker, id)));
  return found.filter((network) => network !== undefined);
}

/** The memory that each service's task uses: no dataset is larger than that. */
async function datasetBytes(
  { docker }: EngineConnection,
  { services, tasks }: SwarmOfEngine,
): Promise<Record<string, number>> {
  const names = new Map(services.map(({ ID, Spec }) => [ID, Spec.Name]));
  const sizes = await Promise.all(
    tasks.map(async ({ ServiceID, Status }): Promise<[string, number] | undefined> => {
      const name = names.get(ServiceID);
      const id = Status.ContainerStatus?.ContainerID;
      if (name === undefined || id === undefined || Status.State !== "running") return undefined;
      const answer: unknown = await docker
        .getContainer(id)
        .stats({ stream: false, "one-shot": true })
        .catch(() => undefined);
      const memory = statsSchema.safeParse(answer).data?.memory_stats;
      return memory && [name, memory.usage - (memory.stats?.["inactive_file"] ?? 0)];
    }),
  );
  return Object.fromEntries(sizes.filter((size) => size !== undefined));
}
