import { z } from "zod";
import type { LiveSwarm } from "../inputs/swarm/definitions.ts";
import { requireManager, type EngineConnection } from "../swarm/engine/connection.ts";

/** The part of a service that names its image. */
const imageOfService = z.object({
  Spec: z.object({ TaskTemplate: z.object({ ContainerSpec: z.object({ Image: z.string() }) }) }),
});

/**
 * Asks a manager for all that the policies look at: services, nodes, configs, and of its own engine volumes and the images of the
 * services. An image that this engine does not have is left out.
 *
 * @throws EngineError (an InputError) when the engine does not answer or manages no swarm
 */
export async function readSwarm(connection: EngineConnection): Promise<LiveSwarm> {
  await requireManager(connection);
  const { docker } = connection;
  const [services, nodes, configs, volumes] = await Promise.all([
    docker.listServices(),
    docker.listNodes(),
    docker.listConfigs(),
    docker.listVolumes(),
  ]);
  return {
    services,
    nodes,
    configs,
    volumes: volumes.Volumes,
    images: await imagesOf(services, [connection]),
  };
}

/** What engines say of the images of services; one that none of them has is left out. */
export async function imagesOf(
  services: readonly unknown[],
  engines: readonly EngineConnection[],
): Promise<readonly unknown[]> {
  const names = services.flatMap(
    (service) => imageOfService.safeParse(service).data?.Spec.TaskTemplate.ContainerSpec.Image ?? [],
  );
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
