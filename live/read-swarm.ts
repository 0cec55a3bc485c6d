/** The one reader of a live swarm: everything that looks at one gets its record from here. */
import { readLiveSwarm, type LiveSwarm } from "../inputs/swarm/definitions.ts";
import type { SwarmNode } from "../model/service/definition.ts";
import { readAgain } from "../swarm/api/errors.ts";
import type { Service, Task } from "../swarm/api/objects.ts";
import { listServices, listTasks } from "../swarm/api/reads.ts";
import { requireManager, type EngineConnection } from "../swarm/engine/connection.ts";

/** What a manager knows of its swarm. */
export interface SwarmRecord {
  readonly nodes: readonly SwarmNode[];
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
  /** The answers as the Engine API gives them, where the model reads more than is validated here. */
  readonly raw: { readonly nodes: readonly unknown[]; readonly configs: readonly unknown[] };
}

/** Asks a manager for nodes, services, tasks and configs, each once. */
export async function readSwarm({ docker }: EngineConnection): Promise<SwarmRecord> {
  const [nodes, services, tasks, configs] = await Promise.all([
    readAgain(() => docker.listNodes()),
    listServices(docker),
    listTasks(docker),
    readAgain(() => docker.listConfigs()),
  ]);
  return { nodes: readNodes(nodes), services, tasks, raw: { nodes, configs } };
}

/** The nodes of a manager's swarm. */
export async function swarmNodes({ docker }: EngineConnection): Promise<readonly SwarmNode[]> {
  return readNodes(await readAgain(() => docker.listNodes()));
}

function readNodes(nodes: readonly unknown[]): readonly SwarmNode[] {
  return readLiveSwarm({ nodes }).nodes?.toSorted((one, other) => one.hostname.localeCompare(other.hostname)) ?? [];
}

/** A swarm with what its manager's own engine has: the form in which policies and verdicts take it. */
export interface SwarmOfEngine extends Required<LiveSwarm> {
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
}

/**
 * Reads a swarm through one engine: volumes and images are only those of that engine.
 *
 * @throws EngineError (an InputError) when the engine does not answer or manages no swarm
 */
export async function readSwarmOf(connection: EngineConnection): Promise<SwarmOfEngine> {
  await requireManager(connection);
  const [{ services, tasks, raw }, volumes] = await Promise.all([
    readSwarm(connection),
    readAgain(() => connection.docker.listVolumes()),
  ]);
  return { ...raw, services, tasks, volumes: volumes.Volumes, images: await imagesOf(services, [connection]) };
}

/** What engines say of the images of services; one that none of them has is left out. */
export async function imagesOf(
  services: readonly Service[],
  engines: readonly EngineConnection[],
): Promise<readonly unknown[]> {
  const names = services.flatMap(({ Spec }) => Spec.TaskTemplate.ContainerSpec?.Image ?? []);
  const images = await Promise.all(
    [...new Set(names)].flatMap((name) =>
      engines.map(({ docker }) =>
        docker
          .getImage(name)
          .inspect()
          .catch(() => undefined),
      ),
    ),
  );
  return images.filter((image) => image !== undefined);
}
