import { narrowingOf } from "../model/placement/constraints.ts";
import {
  isKnown,
  type Constraint,
  type Estate,
  type Mount,
  type ServiceDefinition,
  type VolumeDefinition,
} from "../model/service/definition.ts";

/** One mount of a named volume, or of a folder of the host, by one service. */
export interface MountUse {
  readonly service: ServiceDefinition;
  readonly mount: Mount;
}

/**
 * Services and volumes of one estate, found by what they share. Definitions may come one at a time, as they do to a policy pack;
 * one with the id of an earlier one takes its place.
 */
export class EstateIndex {
  readonly nodes: Estate["nodes"];
  readonly images: Estate["images"];
  readonly previous: Estate["previous"];
  readonly #written: Estate["written"];
  readonly #services = new Map<string, { service: ServiceDefinition; order: number }>();
  readonly #uses = new Map<string, Map<string, readonly MountUse[]>>();
  readonly #volumes = new Map<string, Map<string, VolumeDefinition>>();
  readonly #labelCarriers = new Map<string, Set<string>>();

  constructor(estate: Pick<Estate, "nodes" | "images" | "previous" | "written">) {
    this.nodes = estate.nodes;
    this.images = estate.images;
    this.previous = estate.previous;
    this.#written = estate.written;
  }

  /** An index of a whole estate. */
  static of(estate: Estate): EstateIndex {
    const index = new EstateIndex(estate);
    for (const volume of estate.volumes) index.addVolume(volume);
    for (const service of estate.services) index.addService(service);
    return index;
  }

  /** A service as its program defines it, without what the provider keeps in addition. */
  asWritten(service: ServiceDefinition): ServiceDefinition {
    return this.#written?.get(service.id) ?? service;
  }

  addService(service: ServiceDefinition): void {
    const earlier = this.#services.get(service.id);
    if (earlier !== undefined) for (const uses of this.#uses.values()) uses.delete(service.id);
    this.#services.set(service.id, { service, order: earlier?.order ?? this.#services.size });
    for (const mount of isKnown(service.mounts) ? service.mounts : []) {
      const { type, source } = mount;
      // A volume's name has no slash and a folder's path has one, so they cannot be confused.
      if ((type !== "volume" && type !== "bind") || !isKnown(source) || source === undefined || source === "") continue;
      const uses = entry(this.#uses, source, () => new Map<string, readonly MountUse[]>());
      uses.set(service.id, [...(uses.get(service.id) ?? []), { service, mount }]);
    }
    this.#noteLabelCarriers(service);
  }

  addVolume(volume: VolumeDefinition): void {
    if (isKnown(volume.name))
      entry(this.#volumes, volume.name, () => new Map<string, VolumeDefinition>()).set(volume.id, volume);
  }

  services(): readonly ServiceDefinition[] {
    return Array.from(this.#services.values(), ({ service }) => service);
  }

  /** The volumes that are declared, or exist, by this name. */
  volumesNamed(name: string): readonly VolumeDefinition[] {
    return [...(this.#volumes.get(name)?.values() ?? [])];
  }

  /** The first mount of a volume or folder, in the order in which the services came, that meets a condition. */
  findUse(name: string, meets: (use: MountUse) => boolean): MountUse | undefined {
    for (const uses of this.#uses.get(name)?.values() ?? []) {
      const found = uses.find(meets);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The services that mount a volume. */
  servicesUsing(name: string): readonly ServiceDefinition[] {
    return [...(this.#uses.get(name)?.values() ?? [])].flatMap(([use]) => (use === undefined ? [] : [use.service]));
  }

  /** Whether one service came before another: the later of two at fault gets the finding. */
  isBefore(one: ServiceDefinition, other: ServiceDefinition): boolean {
    return (this.#services.get(one.id)?.order ?? 0) < (this.#services.get(other.id)?.order ?? 0);
  }

  /** Whether the definitions themselves show that several nodes carry a label, though no node was asked. */
  showsSeveralNodesWith(label: Constraint): boolean {
    return (this.#labelCarriers.get(labelKey(label))?.size ?? 0) > 1;
  }

  /** A label carried by the nodes of two names, or by as many nodes as a spread of replicas needs, is carried by several. */
  #noteLabelCarriers(service: ServiceDefinition): void {
    const { constraints, replicas, maxReplicasPerNode } = service;
    if (!isKnown(constraints)) return;
    const labels = constraints.filter((each) => narrowingOf(each) === "label" && isKnown(each.value));
    const named = constraints.find(
      (each) => ["hostname", "node id"].includes(String(narrowingOf(each))) && isKnown(each.value),
    );
    const isSpread =
      isKnown(replicas) &&
      isKnown(maxReplicasPerNode) &&
      (maxReplicasPerNode ?? 0) > 0 &&
      replicas > (maxReplicasPerNode ?? 0);
    for (const label of labels) {
      const carriers = entry(this.#labelCarriers, labelKey(label), () => new Set<string>());
      if (named !== undefined) carriers.add(String(named.value).toLowerCase());
      if (isSpread) carriers.add("one node").add("another node");
    }
  }
}

function labelKey({ key, value }: Constraint): string {
  return `${String(key)}==${String(value).toLowerCase()}`;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  map.set(key, made);
  return made;
}
