/** What the swarm itself says about who owns a volume; everything is read, nothing is started. */
import { matchingNodes, parseConstraint } from "../../model/placement/constraints.ts";
import { isKnown } from "../../model/service/definition.ts";
import { helperLabel } from "../../model/service/object-labels.ts";
import type { OwnershipTraces, VolumeUse } from "../../model/service/ownership.ts";
import type { TaskSpec, Volume } from "../../swarm/api/objects.ts";
import { inspectVolume, listContainers, listServices } from "../../swarm/api/reads.ts";
import { swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { pullLabel } from "../../swarm/service/one-off-task.ts";
import { swarmNodes } from "../read-swarm.ts";
import { firstFilesBytes, identifyVolume, isMountedFromElsewhere, withArchives } from "../volume-archive.ts";

/** A volume of one engine, and what shows who owns it. */
export interface VolumeLook {
  readonly volume: Volume;
  readonly traces: OwnershipTraces;
  /** Undefined for a volume that is mounted from elsewhere, which is not read. */
  readonly isEmpty: boolean | undefined;
}

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
  if (isMountedFromElsewhere(volume)) return { volume, traces: { labels, users }, isEmpty: undefined };
  const { kind, store } = await withArchives(engine.docker, (open) =>
    identifyVolume(open, name, { limitBytes: firstFilesBytes }),
  );
  return { volume, traces: { labels, users, store }, isEmpty: kind === "empty" };
}

/** Services that mount a volume of this name, not only to read it as a backup does, and may run on a node. */
export async function servicesWithVolume(
  manager: EngineConnection,
  name: string,
  nodeId: string | undefined,
): Promise<VolumeUse[]> {
  const [services, nodes] = await Promise.all([listServices(manager.docker), swarmNodes(manager)]);
  const isHere = ({ Placement }: TaskSpec): boolean => {
    const matching = matchingNodes(
      (Placement?.Constraints ?? []).map((each) => parseConstraint(each)),
      nodes,
    );
    return !isKnown(matching) || matching.some((node) => node.id === nodeId);
  };
  return services
    .filter(
      ({ Spec }) =>
        // What a killed run has left of making a service ready writes nothing; the next run removes it.
        Spec.Labels?.[pullLabel] === undefined &&
        Spec.TaskTemplate.ContainerSpec?.Mounts?.some(
          ({ Type, Source, ReadOnly }) => Type === "volume" && Source === name && ReadOnly !== true,
        ) &&
        isHere(Spec.TaskTemplate),
    )
    .map(({ Spec }) => ({ kind: "service", name: Spec.Name, labels: Spec.Labels }));
}

/** Services that mount a volume of this name and may run on the engine's node, and other containers of that engine. */
async function volumeUsers(engine: EngineConnection, name: string, manager: EngineConnection): Promise<VolumeUse[]> {
  const { nodeId } = await swarmMembership(engine);
  const [services, containers] = await Promise.all([
    servicesWithVolume(manager, name, nodeId),
    listContainers(engine.docker, { volume: [name] }),
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
