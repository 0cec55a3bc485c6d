import { readLiveSwarm } from "../inputs/swarm/definitions.ts";
import type { Estate } from "../model/service/definition.ts";
import type { Service } from "../swarm/api/objects.ts";
import type { Inventory } from "./inventory.ts";

/**
 * Reads an inventory as the model sees it: services with the nodes, configs, volumes and images that they depend on. An image
 * that none of the engines has is left out; of volumes of one name on several nodes the first stands for all.
 */
export async function liveEstate(
  { swarm, engines, volumes }: Inventory,
  services: readonly Service[] = swarm?.services ?? [],
): Promise<Estate> {
  const answered = engines.filter((engine) => "report" in engine);
  const names = new Set(services.flatMap(({ Spec }) => Spec.TaskTemplate.ContainerSpec?.Image ?? []));
  const images = await Promise.all(
    [...names].flatMap((name) =>
      answered.map(({ connection }) =>
        connection.docker
          .getImage(name)
          .inspect()
          .catch(() => undefined),
      ),
    ),
  );
  const distinct = new Map(volumes.toReversed().map(({ volume }) => [volume.Name, volume]));
  return readLiveSwarm({
    services,
    volumes: [...distinct.values()],
    images: images.filter((image) => image !== undefined),
    ...(swarm && { nodes: swarm.raw.nodes, configs: swarm.raw.configs }),
  });
}
