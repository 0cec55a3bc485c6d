/** The service that is pointed at the volume with its rescued data, and how that changes it. */
import { narrowingOf, matchingNodes, parseConstraint, satisfies } from "../../model/placement/constraints.ts";
import { isKnown, type Estate, type ServiceDefinition, type SwarmNode } from "../../model/service/definition.ts";
import { dataKeeper } from "../../model/storage/data-location.ts";
import type { VolumeContent } from "../../model/storage/volume-content.ts";
import type { Service, ServiceSpec } from "../../swarm/api/objects.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { liveEstate, noneOf, type Inventory } from "../inventory.ts";
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
 * @throws InputError when there is none of that name
 * @throws SituationError when it has several tasks, which cannot share a volume
 */
export async function findOwner(inventory: Inventory, name: string): Promise<OwningService> {
  const { swarm } = inventory;
  if (!swarm) throw noneOf(inventory, "a manager that answers for the swarm");
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
    throw new SituationError({
      what: `The service ${name} ${Replicated ? `has ${Replicated.Replicas ?? 1} replicas` : "is not replicated"}, and tasks cannot share the volume`,
      fix: "Leave out --service, and mount the volume in the one task that is to have it",
    });
  }
  return { service, definition, estate };
}

/** The hostname of the node that the service is tied to, else that its task runs on; undefined where there is neither. */
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

/** How a service is changed by a rescue. */
export interface RescueChange {
  readonly name: string;
  readonly service: Service;
  readonly target: string;
  /** What it mounts there now; undefined for nothing. */
  readonly formerSource: string | undefined;
  readonly constraints: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly spec: ServiceSpec;
}

/** What a service is to be pointed at. */
interface RescuedVolume {
  readonly traces: readonly VolumeTrace[];
  readonly content: VolumeContent;
  readonly to: string;
  readonly toNodeId: string;
}

/** Plans how a service is pointed at its rescued data; it throws as {@link mountTarget} does. */
export function planChange(owner: OwningService, { traces, content, to, toNodeId }: RescuedVolume): RescueChange {
  const { service, estate } = owner;
  const { Name: name, TaskTemplate } = service.Spec;
  const target = mountTarget(owner, traces, content);
  const before = TaskTemplate.Placement?.Constraints ?? [];
  const node = estate.nodes?.find(({ id }) => id === toNodeId);
  const after = node ? constraintsFor(node, owner) : before;
  const former = TaskTemplate.ContainerSpec?.Mounts?.find(({ Target }) => Target === target);
  const spec = pointedAt(service.Spec, to, target, after);
  return { name, service, target, formerSource: former?.Source ?? undefined, constraints: { before, after }, spec };
}

/**
 * Finds where the service is to mount the volume: where it mounts or mounted it, else at its data location.
 *
 * @throws SituationError when nothing shows where, or when its Redis would not load what is in the volume
 */
function mountTarget(
  { definition, estate, service }: OwningService,
  traces: readonly VolumeTrace[],
  content: VolumeContent,
): string {
  const { entry, redis, places } = dataKeeper(definition, estate);
  const refusal = redis && entry?.redis && content.kind === "redis" && whyNotLoaded(content, redis, entry.redis);
  if (refusal) {
    throw new SituationError({
      what: `The Redis of the service ${service.Spec.Name} would not load the data: ${refusal}`,
      fix: "Change its settings first (an append-only file is best switched on by CONFIG SET in the running server), or leave out --service",
    });
  }
  const known = traces.find((trace) => trace.service === service.Spec.Name && trace.target !== undefined)?.target;
  const [place, ...others] = places;
  const path = place && others.length === 0 && isKnown(place.path) ? place.path : undefined;
  const target = known ?? (path === undefined ? undefined : (mountAbove(path, service.Spec) ?? path));
  if (target !== undefined) return target;
  throw new SituationError({
    what: `The service ${service.Spec.Name} has ${others.length > 0 ? "several data locations" : "no known data location"}`,
    fix: "Leave out --service, and mount the volume with docker service update --mount-add",
  });
}

/** The target of the mount that contains a data path. */
function mountAbove(path: string, { TaskTemplate }: ServiceSpec): string | undefined {
  return (TaskTemplate.ContainerSpec?.Mounts ?? [])
    .map(({ Target }) => Target)
    .filter((target) => path === target || path.startsWith(`${target.replace(/\/$/, "")}/`))
    .toSorted((one, other) => other.length - one.length)[0];
}

/** Constraints that tie the service to this node: its own where they do already, else those that hold there, and a pin. */
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

/** The service's specification with the volume at the target and other constraints; everything else stays the same. */
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
