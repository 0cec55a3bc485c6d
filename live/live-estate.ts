import { readLiveSwarm } from "../inputs/swarm/definitions.ts";
import type { Estate } from "../model/service/definition.ts";
import type { Service } from "../swarm/api/objects.ts";
import type { Inventory } from "./inventory.ts";
import { imagesOf } from "./read-swarm.ts";

/**
 * Reads an inventory as the model sees it: services with the nodes, configs, volumes and images that they depend on. An image
 * that none of the engines has is left out; of volumes of one name on several nodes the first stands for all.
 */
export async function liveEstate(
  { swarm, engines, volumes }: Inventory,
  services: readonly Service[] = swarm?.services ?? [],
): Promise<Estate> {
  const answered = engines.flatMap((engine) => ("report" in engine ? [engine.connection] : []));
  const distinct = new Map(volumes.toReversed().map(({ volume }) => [volume.Name, volume]));
  return readLiveSwarm({
    services,
    volumes: [...distinct.values()],
    images: await imagesOf(services, answered),
    ...(swarm && { nodes: swarm.raw.nodes, configs: swarm.raw.configs }),
  });
}
