/** The data view of a running swarm: where each stateful service's data is, which volumes are unused, and what would be lost with a node. */
import { isKnown, type Estate, type ServiceDefinition } from "../model/service/definition.ts";
import { dataKeeper, placeWords, type DataPlace } from "../model/storage/data-location.ts";
import type { Task } from "../swarm/api/objects.ts";
import type { Inventory, NodeVolume } from "./inventory.ts";

/** A service that keeps data. */
export interface ServiceWithData {
  readonly name: string;
  /** The nodes that its tasks run on. */
  readonly runsOn: readonly string[];
  /** Whether one of its tasks is waiting to run. */
  readonly isWaiting: boolean;
  readonly places: readonly ServicePlace[];
}

/** A place where a service keeps data. */
export interface ServicePlace {
  readonly path: string;
  readonly words: string;
  readonly kind: DataPlace["kind"];
  readonly reach: DataPlace["reach"];
  /** The copies of it that running tasks use, on the nodes that could be asked. */
  readonly inUse: readonly { readonly node: string; readonly volume: string; readonly sizeBytes: number | undefined }[];
}

/** A volume that no running task uses. */
export interface IdleVolume {
  readonly node: string;
  readonly name: string;
  readonly sizeBytes: number | undefined;
  /**
   * - `left behind`: a service mounts a volume of this name, and its tasks run on other nodes.
   * - `waiting`: a service mounts it, and no task of it runs.
   * - `of an earlier task`: an anonymous volume of a stopped container of the task history; it goes when that is cleared.
   * - `orphan`: nothing mounts it.
   */
  readonly why: "left behind" | "waiting" | "of an earlier task" | "orphan";
  readonly service: string | undefined;
}

/** What is lost with a node, unless there is a backup. */
export interface NodeLoss {
  readonly node: string;
  readonly losses: readonly {
    readonly service: string;
    readonly what: string;
    readonly fate: "destroyed unless backup" | "at risk";
  }[];
}

/** Two or more nodes write one service's data at the same time. */
export interface ManyWriters {
  readonly service: string;
  readonly volume: string;
  readonly nodes: readonly string[];
}

/** What the volumes of a node take of its disk. */
export interface DiskUse {
  readonly node: string;
  readonly volumeCount: number;
  readonly sizeBytes: number;
  /** The part in volumes that no running container uses. */
  readonly idleBytes: number;
  /** How many volumes are missing from the sums because their size is unknown. */
  readonly unmeasuredCount: number;
}

/** Everything about data in a swarm. */
export interface DataView {
  readonly services: readonly ServiceWithData[];
  /** Services that keep no data. */
  readonly withoutData: readonly string[];
  readonly idleVolumes: readonly IdleVolume[];
  /** Only nodes with whose loss something is lost. */
  readonly nodeLosses: readonly NodeLoss[];
  readonly manyWriters: readonly ManyWriters[];
  /** Only nodes with volumes. */
  readonly diskUse: readonly DiskUse[];
}

/** Combines what services say about their data with what is on the nodes. */
export function viewData(estate: Estate, inventory: Inventory): DataView {
  const volumes = new Map(
    estate.volumes.flatMap((volume) => (isKnown(volume.name) ? [[volume.name, volume] as const] : [])),
  );
  const known = { images: estate.images, volumes };
  const services = estate.services.map((service) => viewService(service, known, inventory));
  const stateful = services.filter(({ places }) => places.length > 0);
  return {
    services: stateful,
    withoutData: services.filter(({ places }) => places.length === 0).map(({ name }) => name),
    idleVolumes: idleVolumes(estate, inventory),
    nodeLosses: (inventory.swarm?.nodes ?? [])
      .map(({ hostname: node }) => ({ node, losses: stateful.flatMap((service) => lossesOf(service, node)) }))
      .filter(({ losses }) => losses.length > 0),
    manyWriters: stateful.flatMap((service) => manyWriters(service)),
    diskUse: diskUse(inventory),
  };
}

function viewService(
  service: ServiceDefinition,
  known: Parameters<typeof dataKeeper>[1],
  inventory: Inventory,
): ServiceWithData {
  const own = wantedTasks(inventory, service.id);
  const nodes = new Map(inventory.swarm?.nodes.map(({ id, hostname }) => [id, hostname]));
  return {
    name: service.name,
    runsOn: unique(own.filter(isRunning).flatMap(({ NodeID }) => nodes.get(NodeID) ?? [])),
    isWaiting: !own.every(isRunning),
    places: dataKeeper(service, known).places.map((place) => ({
      path: isKnown(place.path) ? place.path : "not known",
      words: placeWords(place),
      kind: place.kind,
      reach: place.reach,
      inUse: inventory.volumes
        .filter((each) => isPlace(place, service.name, each))
        .map(({ node, volume, sizeBytes }) => ({ node, volume: volume.Name, sizeBytes })),
    })),
  };
}

function wantedTasks({ swarm }: Inventory, serviceId: string): Task[] {
  return (swarm?.tasks ?? []).filter(
    ({ ServiceID, DesiredState }) => ServiceID === serviceId && DesiredState === "running",
  );
}

function isRunning({ Status }: Task): boolean {
  return Status.State === "running";
}

/** Whether a running task of the service has this volume at this place. */
function isPlace(place: DataPlace, service: string, { volume, isAnonymous, users }: NodeVolume): boolean {
  const isUsed = users.some((user) => user.service === service && user.state === "running");
  if (place.kind === "named volume") return isUsed && place.source === volume.Name;
  if (place.kind !== "anonymous volume" || !isAnonymous || !isUsed) return false;
  return !isKnown(place.path) || users.some(({ target }) => isWithin(place.path, target));
}

function isWithin(path: DataPlace["path"], target: string): boolean {
  return isKnown(path) && (path === target || path.startsWith(`${target}/`));
}

function idleVolumes({ services }: Estate, inventory: Inventory): IdleVolume[] {
  return inventory.volumes.filter(isIdle).map(({ node, volume: { Name: name }, sizeBytes, isAnonymous, users }) => {
    const mounting = services.find(
      ({ mounts }) => isKnown(mounts) && mounts.some(({ type, source }) => type === "volume" && source === name),
    );
    const earlier = users.find((user) => user.service !== undefined)?.service;
    const why = mounting
      ? wantedTasks(inventory, mounting.id).some(isRunning)
        ? "left behind"
        : "waiting"
      : isAnonymous && earlier !== undefined
        ? "of an earlier task"
        : "orphan";
    return { node, name, sizeBytes, why, service: mounting?.name ?? earlier };
  });
}

function lossesOf({ name, runsOn, places }: ServiceWithData, node: string): NodeLoss["losses"] {
  if (!runsOn.includes(node)) return [];
  return places
    .filter(({ reach }) => reach !== "every node")
    .map(({ words, reach }) => ({
      service: name,
      what: words,
      fate: reach === "node" ? "destroyed unless backup" : "at risk",
    }));
}

/** Tasks on several nodes that share a volume. */
function manyWriters({ name, places }: ServiceWithData): ManyWriters[] {
  return places
    .filter(({ kind, reach }) => kind === "named volume" && reach !== "node")
    .flatMap(({ inUse }) => {
      const nodes = unique(inUse.map(({ node }) => node));
      const [first] = inUse;
      return first && nodes.length > 1 ? [{ service: name, volume: first.volume, nodes }] : [];
    });
}

function isIdle({ users }: NodeVolume): boolean {
  return !users.some(({ state }) => state === "running");
}

function diskUse({ volumes }: Inventory): DiskUse[] {
  const sum = (each: readonly NodeVolume[]) => each.reduce((bytes, { sizeBytes = 0 }) => bytes + sizeBytes, 0);
  return [...Map.groupBy(volumes, ({ node }) => node)].map(([node, own]) => ({
    node,
    volumeCount: own.length,
    sizeBytes: sum(own),
    idleBytes: sum(own.filter(isIdle)),
    unmeasuredCount: own.filter(({ sizeBytes }) => sizeBytes === undefined).length,
  }));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
