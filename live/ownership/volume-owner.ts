/** What the swarm itself says about whose a volume is; everything is read, nothing is started. */
import { readLiveSwarm } from "../../inputs/swarm/definitions.ts";
import { matchingNodes } from "../../model/placement/constraints.ts";
import { isKnown } from "../../model/service/definition.ts";
import { helperLabel } from "../../model/service/object-labels.ts";
import type { OwnershipTraces, VolumeUse } from "../../model/service/ownership.ts";
import { identifyContent } from "../../model/storage/volume-content.ts";
import type { Volume } from "../../swarm/api/objects.ts";
import { inspectVolume, listContainersWithVolume, listServices } from "../../swarm/api/reads.ts";
import { swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { pullLabel } from "../../swarm/service/one-off-task.ts";
import { withArchives } from "../volume-archive.ts";

/** A volume of one engine, and what tells whose it is. */
export interface VolumeLook {
  readonly volume: Volume;
  readonly traces: OwnershipTraces;
  /** Whether nothing is in it; undefined for one that is not looked into, as a mounted file system. */
  readonly isEmpty: boolean | undefined;
}

/** How much is read to see the mark, which is the first file of a volume, and whether anything is in it. */
const limitBytes = 64 * 1024;

/**
 * Looks at a volume: its labels, the start guard's mark in it, and who mounts it.
 *
 * @param engine - the engine of the node that has the volume
 * @param manager - a manager of the swarm, which knows the services
 * @returns undefined where there is no such volume
 */
export async function lookAtVolume(
  engine: EngineConnection,
  name: string,
  manager: EngineConnection,
): Promise<VolumeLook | undefined> {
  const volume = await inspectVolume(engine.docker, name);
  if (volume === undefined) return undefined;
  const users = await volumeUsers(engine, name, manager);
  const labels = volume.Labels;
  // What is mounted from elsewhere may hang: a dead server of a network file system keeps an engine busy.
  if (volume.Driver !== "local" || Object.keys(volume.Options ?? {}).length > 0)
    return { volume, traces: { labels, users }, isEmpty: undefined };
  const { kind, store } = await withArchives(engine.docker, (open) =>
    open(name, { readOnly: true }, async (archive) => identifyContent(await archive.list({ limitBytes }))),
  );
  return { volume, traces: { labels, users, store }, isEmpty: kind === "empty" };
}

/** Services that mount a volume of this name and may run on a node. */
export async function servicesWithVolume(
  manager: EngineConnection,
  name: string,
  nodeId: string | undefined,
): Promise<VolumeUse[]> {
  const [services, nodes] = await Promise.all([listServices(manager.docker), manager.docker.listNodes()]);
  const estate = readLiveSwarm({ services, nodes });
  const isHere = (id: string): boolean => {
    const constraints = estate.services.find((service) => service.id === id)?.constraints ?? [];
    const matching = matchingNodes(constraints, estate.nodes ?? []);
    return !isKnown(matching) || matching.some((node) => node.id === nodeId);
  };
  return services
    .filter(
      ({ ID, Spec }) =>
        // What a killed run has left of making a service ready writes nothing, and is removed by the next one.
        Spec.Labels?.[pullLabel] === undefined &&
        Spec.TaskTemplate.ContainerSpec?.Mounts?.some(({ Type, Source }) => Type === "volume" && Source === name) &&
        isHere(ID),
    )
    .map(({ Spec }) => ({ kind: "service", name: Spec.Name, labels: Spec.Labels }));
}

/** Services that mount a volume of this name and may run on the engine's node, and other containers of that engine. */
async function volumeUsers(engine: EngineConnection, name: string, manager: EngineConnection): Promise<VolumeUse[]> {
  const { nodeId } = await swarmMembership(engine);
  const [services, containers] = await Promise.all([
    servicesWithVolume(manager, name, nodeId),
    listContainersWithVolume(engine.docker, name),
  ]);
  const alone = containers.filter(
    ({ Labels }) => Labels?.["com.docker.swarm.service.name"] === undefined && Labels?.[helperLabel] === undefined,
  );
  return [
    ...services,
    ...alone.map(({ Id, Names, Labels, State }): VolumeUse => ({
      kind: "container",
      name: Names[0]?.replace(/^\//, "") ?? Id.slice(0, 12),
      labels: Labels,
      isStopped: State !== "running",
    })),
  ];
}
