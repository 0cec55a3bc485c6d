/** A service that is pointed at the volume with its rescued data. */
import { narrowingOf, matchingNodes, parseConstraint, satisfies } from "../../model/placement/constraints.ts";
import { isKnown, type Estate, type ServiceDefinition, type SwarmNode } from "../../model/service/definition.ts";
import { dataKeeper } from "../../model/storage/data-location.ts";
import type { VolumeContent } from "../../model/storage/volume-content.ts";
import type { Service, ServiceSpec } from "../../swarm/api/objects.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import type { Inventory } from "../inventory.ts";
import { liveEstate } from "../live-estate.ts";
import { whyNotLoaded } from "./redis-fit.ts";
import type { VolumeTrace } from "./search.ts";

/** A service as it is, and as the model reads it. */
export interface OwningService {
  readonly service: Service;
  readonly definition: ServiceDefinition;
  readonly estate: Estate;
}

/**
 * Finds the service that is to be pointed at a volume.
 *
 * @throws InputError when there is none of that name, or it has several tasks, which cannot share a volume
 */
export async function findOwner(inventory: Inventory, name: string): Promise<OwningService> {
  const { swarm } = inventory;
  if (!swarm) {
    throw new InputError({
      path: "--engine",
      expected: "a manager that answers for the swarm",
      got: "none",
      fix: "Name one with --engine, or leave out --service",
    });
  }
  const service = swarm.services.find(({ Spec }) => Spec.Name === name);
  const estate = await liveEstate(inventory, service ? [service] : []);
  const [definition] = estate.services;
  if (!service || !definition) {
    throw new InputError({
      path: "--service",
      expected: `one of ${swarm.services.map(({ Spec }) => Spec.Name).join(", ") || "none"}`,
      got: showValue(name),
      fix: "Name a service of this swarm",
    });
  }
  const { Replicated } = service.Spec.Mode;
  if (!Replicated || (Replicated.Replicas ?? 1) > 1) {
    throw new InputError({
      path: "--service",
      expected: "a service of one replica",
      got: Replicated
        ? `${showValue(name)} with ${Replicated.Replicas ?? 1}`
        : `${showValue(name)}, which is no replicated one`,
      fix: "Leave out --service, and mount the volume in the one task that is to have it",
    });
  }
  return { service, definition, estate };
}

/** The node that the service's constraints or its running task name; undefined where neither names one. */
export function nodeOfOwner({ service, definition, estate }: OwningService, { swarm }: Inventory): string | undefined {
  const matching = matchingNodes(definition.constraints, estate.nodes ?? []);
  const [only, ...others] = isKnown(matching) ? matching : [];
  if (only && others.length === 0) return only.hostname;
  const task = swarm?.tasks.find(
    ({ ServiceID, DesiredState, Status }) =>
      ServiceID === service.ID && DesiredState === "running" && Status.State === "running",
  );
  return swarm?.nodes.find(({ id }) => id === task?.NodeID)?.hostname;
}

/**
 * Finds where the service is to mount the volume: where it mounts it or has mounted it, else where its data lies.
 *
 * @throws InputError when nothing tells, or when its Redis would not load what lies in the volume
 */
export function mountTarget(
  { definition, estate, service }: OwningService,
  traces: readonly VolumeTrace[],
  content: VolumeContent,
): string {
  const { entry, redis, places } = dataKeeper(definition, estate);
  const refusal = redis && entry?.redis && content.kind === "redis" && whyNotLoaded(content, redis, entry.redis);
  if (refusal) {
    throw new InputError({
      path: `service ${service.Spec.Name}`,
      expected: "a Redis that loads what the volume holds",
      got: `one that would not: ${refusal}`,
      fix: "Change its settings first (an append-only file is best switched on by CONFIG SET in the running server), or leave out --service",
    });
  }
  const known = traces.find((trace) => trace.service === service.Spec.Name && trace.target !== undefined)?.target;
  const [place, ...others] = places;
  const path = place && others.length === 0 && isKnown(place.path) ? place.path : undefined;
  const target = known ?? (path === undefined ? undefined : (mountAbove(path, service.Spec) ?? path));
  if (target !== undefined) return target;
  throw new InputError({
    path: `service ${service.Spec.Name}`,
    expected: "one place where it keeps data",
    got: others.length > 0 ? "several" : "none that is known",
    fix: "Leave out --service, and mount the volume with docker service update --mount-add",
  });
}

/** The target of the mount that a data path lies in. */
function mountAbove(path: string, { TaskTemplate }: ServiceSpec): string | undefined {
  return (TaskTemplate.ContainerSpec?.Mounts ?? [])
    .map(({ Target }) => Target)
    .filter((target) => path === target || path.startsWith(`${target.replace(/\/$/, "")}/`))
    .toSorted((one, other) => other.length - one.length)[0];
}

/** The constraints with which the service runs on just this node: its own where they do, else those that hold there and a pin. */
export function constraintsFor(node: SwarmNode, { definition, estate }: OwningService): string[] {
  const nodes = estate.nodes ?? [];
  const texts = isKnown(definition.constraints)
    ? definition.constraints.flatMap(({ text }) => (isKnown(text) ? [text] : []))
    : [];
  const matching = matchingNodes(definition.constraints, nodes);
  if (isKnown(matching) && matching.length === 1 && matching[0]?.id === node.id) return texts;
  const kept = texts.filter((text) => {
    const constraint = parseConstraint(text);
    return satisfies(node, constraint) !== false && narrowingOf(constraint) !== "hostname";
  });
  const isOnlyOne = nodes.filter(({ hostname }) => hostname === node.hostname).length === 1;
  const pin = isOnlyOne ? `node.hostname==${node.hostname}` : `node.id==${node.id}`;
  return [...kept.filter((text) => text !== pin), pin];
}

/** The service's specification with the volume at the target, tied to a node, and everything else as it was. */
export function pointedAt(
  spec: ServiceSpec,
  volume: string,
  target: string,
  constraints: readonly string[],
): ServiceSpec {
  const { ContainerSpec, Placement } = spec.TaskTemplate;
  if (!ContainerSpec) return spec;
  const mounts = ContainerSpec.Mounts ?? [];
  const former = mounts.find(({ Target }) => Target === target);
  const mount = { Type: "volume", Source: volume, Target: target, ...(former?.ReadOnly && { ReadOnly: true }) };
  return {
    ...spec,
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: {
        ...ContainerSpec,
        Mounts: former ? mounts.map((each) => (each === former ? mount : each)) : [...mounts, mount],
      },
      Placement: { ...Placement, Constraints: [...constraints] },
    },
  };
}
