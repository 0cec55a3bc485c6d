/** Where a service's data is, and whether two places are the same storage. */
import { posix } from "node:path";
import type { CatalogueEntry } from "../image/catalogue-entry.ts";
import { startFile } from "../image/command.ts";
import { preparedFile, type PreparedFile } from "../redis/preparation.ts";
import type { RedisDirectives } from "../redis/settings.ts";
import {
  isKnown,
  notKnown,
  type Known,
  type Mount,
  type ServiceDefinition,
  type VolumeDefinition,
  type VolumeOptions,
} from "../service/definition.ts";
import { dataSites, mountCovering, type DataSite } from "./data-paths.ts";
import { dataProfile, type DataProfile, type KnownImages } from "./data-profile.ts";
import { hostFolder, isSameHostFolder } from "./host-named-folder.ts";
import { differsByTask, fillInService } from "./mount-template.ts";
import { looksShared, optionsOf, storageOf } from "./volume-storage.ts";

/** One place where a service keeps data. */
export interface DataPlace {
  /** The data path in the container; not known when a hidden setting decides it. */
  readonly path: Known<string>;
  readonly kind: "named volume" | "host folder" | "anonymous volume" | "container" | "memory" | "not known";
  /** The volume's name or the folder's path on the host. */
  readonly source: Known<string> | undefined;
  /** Whether only tasks on its node can reach it, or those on every node. */
  readonly reach: "node" | "every node" | "not known";
  /** Identifies the export, for storage on a file server. */
  readonly remote: string | undefined;
  /** What a volume's options refer to outside Docker, such as a server's export; deleting the volume does not touch it. */
  readonly device: { readonly type: string; readonly options: string; readonly path: string } | undefined;
  /** The options that the volume is created with if it does not exist; `undefined` for Docker's defaults. */
  readonly options: Known<VolumeOptions | undefined>;
  /** The path within the volume or folder. */
  readonly within: string;
  /** The name of the data folder below that, if it is named after the container's host. */
  readonly hostFolder: Known<string | undefined>;
  readonly readOnly: Known<boolean>;
  /** Its path in the definition. */
  readonly at: string;
  /** The property that mounts the volume or folder; `undefined` when nothing is mounted. */
  readonly mountedAt: string | undefined;
  /** What is assumed, or why the place is not known. */
  readonly assumption: string | undefined;
}

/** The known volumes, as a list or, when there may be thousands, by name. */
export type KnownVolumes = readonly VolumeDefinition[] | ReadonlyMap<string, VolumeDefinition>;

/** A service's program and data, and where the data is. */
export interface DataKeeper extends Pick<DataProfile, "redis" | "isCache"> {
  /** The program's catalogue entry; `undefined` if it has none or the image is not known. */
  readonly entry: CatalogueEntry | undefined;
  /** What Holdfast's start script converts Redis' files into; `undefined` without such a script. */
  readonly prepares: PreparedFile | undefined;
  /** Includes a cache's places. */
  readonly places: readonly DataPlace[];
  /** False for a program that is not in the catalogue: every persistent mount then counts as data. */
  readonly isFamiliar: boolean;
}

/** Finds where a service keeps its data. */
export function dataKeeper(
  service: ServiceDefinition,
  { volumes, ...known }: KnownImages & { readonly volumes: KnownVolumes },
): DataKeeper {
  const { image, redis, isCache, holdsState, sites } = dataProfile(service, known);
  const entry = isKnown(image) ? image : undefined;
  const base = { entry, redis, isCache, prepares: undefined };
  if (entry !== undefined && holdsState === false) return { ...base, places: [], isFamiliar: true };
  const [first] = sites;
  if (first !== undefined) {
    return {
      ...base,
      prepares: redis && isKnown(first.path) ? preparedFile(startFile(service) ?? "", first.path) : undefined,
      places: sites.map((site) => placeOf(site, service, entry, redis, volumes)),
      isFamiliar: true,
    };
  }
  const mounts: readonly Mount[] = isKnown(service.mounts) ? service.mounts : [];
  const places = mounts
    .filter(isPersistent)
    .map((mount) => mountPlace(filledIn(mount, service), mount.target, volumes));
  return { ...base, places, isFamiliar: false };
}

/** Whether it is writable and a volume or a folder of the host, not a single file or a socket. */
function isPersistent({ type, target, readOnly }: Mount): boolean {
  if (readOnly === true || !isKnown(type) || !isKnown(target)) return false;
  return type === "volume" || (type === "bind" && !/\.\w{1,5}$/u.test(target));
}

function placeOf(
  site: DataSite,
  service: ServiceDefinition,
  entry: CatalogueEntry | undefined,
  redis: RedisDirectives | undefined,
  volumes: KnownVolumes,
): DataPlace {
  const { path, covering } = site;
  if (!isKnown(path) && entry !== undefined && redis !== undefined && !redis.isComplete) {
    // A hidden configuration hardly ever moves the data, so the image's own path is assumed.
    const complete = { ...redis, isComplete: true };
    const [assumed] = dataSites(service, entry, undefined, complete);
    if (assumed !== undefined && isKnown(assumed.path)) {
      const place = placeOf(assumed, service, entry, complete, volumes);
      return { ...place, assumption: `the configuration, which cannot be seen here, leaves dir at ${assumed.path}` };
    }
  }
  const at = site.decidedBy?.path ?? service.paths.mounts;
  if (covering.kind === "not known")
    return { ...nowhere(path, covering.path), kind: "not known", assumption: covering.why };
  if (covering.kind === "image volume") return { ...nowhere(path, at), kind: "anonymous volume" };
  if (covering.kind === "nothing") return { ...nowhere(path, at), kind: "container" };
  const place = mountPlace(filledIn(covering.mount, service), path, volumes, site.decidedBy?.path);
  return { ...place, hostFolder: hostFolder(service, entry?.dataPaths[0]) };
}

function filledIn(mount: Mount, { name }: ServiceDefinition): Mount {
  const { source } = mount;
  return isKnown(source) && source !== undefined ? { ...mount, source: fillInService(source, name) } : mount;
}

function nowhere(path: Known<string>, at: string): Omit<DataPlace, "kind"> {
  return {
    path,
    source: undefined,
    reach: "node",
    remote: undefined,
    device: undefined,
    options: undefined,
    within: "",
    hostFolder: undefined,
    readOnly: false,
    at,
    mountedAt: undefined,
    assumption: undefined,
  };
}

function mountPlace(mount: Mount, path: Known<string>, volumes: KnownVolumes, decidedAt?: string): DataPlace {
  const within =
    isKnown(path) && isKnown(mount.target)
      ? posix.relative(posix.resolve("/", mount.target), posix.resolve("/", path))
      : "";
  const base: Omit<DataPlace, "kind"> = {
    ...nowhere(path, decidedAt ?? mount.path),
    mountedAt: mount.path,
    within,
    readOnly: mount.readOnly,
  };
  switch (mountCovering(mount).kind) {
    case "tmpfs":
      return { ...base, kind: "memory" };
    case "anonymous":
      return { ...base, kind: "anonymous volume" };
    case "bind": {
      const source: Known<string> = isKnown(mount.source) ? (mount.source ?? "") : notKnown;
      const isShared = isKnown(source) && looksShared(source);
      return { ...base, kind: "host folder", source, reach: isShared ? "not known" : "node" };
    }
    case "volume":
      return { ...base, ...volumeReach(mount, volumes), source: mount.source ?? "" };
    default:
      return { ...base, kind: "not known", assumption: "the type of its mount is not known yet" };
  }
}

/** The place of a volume, regardless of who mounts it. */
export function placeOfVolume({ name, path, options }: VolumeDefinition): DataPlace {
  const target = "/data";
  const mount: Mount = {
    path,
    type: "volume",
    source: name,
    target,
    readOnly: false,
    volumeOptions: options,
    external: false,
  };
  return mountPlace(mount, target, []);
}

type VolumeReach = Pick<DataPlace, "kind" | "reach" | "remote" | "device" | "options" | "assumption">;

function volumeReach(mount: Mount, volumes: KnownVolumes): VolumeReach {
  const volume = volumeNamed(mount.source, volumes);
  const storage = storageOf(mount, volume);
  const kind: DataPlace["kind"] = storage === "memory" ? "memory" : "named volume";
  const options = optionsOf(mount, volume);
  // An existing volume keeps the options that it was created with.
  const device = storage === "memory" || storage === "plug-in" ? undefined : deviceOf(volume?.options ?? options);
  const remote = storage === "network" ? exportOf(options) : undefined;
  const base: Omit<VolumeReach, "reach"> = { kind, remote, device, options, assumption: undefined };
  // The other engines create the volume from the mount's options; a `docker.Volume` applies only to the provider's engine.
  const isOneEngines = mount.volumeOptions === undefined && volume?.origin === "pulumi";
  if (storage === "local" || storage === "memory" || isOneEngines) return { ...base, reach: "node" };
  if (!isKnown(storage) || !isKnown(options) || options === undefined || !isKnown(options.driverOptions)) {
    return { ...base, reach: "not known" };
  }
  if (storage === "network") return { ...base, reach: "every node" };
  const driver = isKnown(options.driver) && options.driver !== undefined ? ` "${options.driver}"` : "";
  const taken = `the volume plug-in${driver} reaches the same data from every node`;
  return { ...base, reach: "every node", assumption: taken };
}

/** Identifies a server's export. */
function exportOf(options: Known<VolumeOptions | undefined>): string | undefined {
  if (!isKnown(options) || options === undefined || !isKnown(options.driverOptions)) return undefined;
  const { device, o } = options.driverOptions;
  return [o, device].map((part) => (part !== undefined && isKnown(part) ? part : "")).join(" ");
}

function deviceOf(options: ReturnType<typeof optionsOf>): DataPlace["device"] {
  if (!isKnown(options) || options === undefined || !isKnown(options.driverOptions)) return undefined;
  const { type, o, device } = options.driverOptions;
  if (device === undefined || !isKnown(device) || device === "") return undefined;
  const text = (value: Known<string> | undefined): string => (value !== undefined && isKnown(value) ? value : "");
  return { type: text(type), options: text(o), path: device };
}

function volumeNamed(source: Known<string | undefined>, volumes: KnownVolumes): VolumeDefinition | undefined {
  if (!isKnown(source) || source === undefined) return undefined;
  return "get" in volumes ? volumes.get(source) : volumes.find(({ name }) => name === source);
}

/** How two places relate. */
export type PlaceComparison = "same" | "other" | "not known";

/**
 * Whether a task at the second place finds what a task at the first has written.
 *
 * A volume's options count only if it does not exist yet: Docker uses an existing volume as it is.
 *
 * @param isSameNode - whether the second task runs on the node of the first
 */
export function compareStorage(before: DataPlace, after: DataPlace, isSameNode: Known<boolean>): PlaceComparison {
  if (before.kind === "not known" || after.kind === "not known") return "not known";
  const isSameFolder = isSameHostFolder(before.hostFolder, after.hostFolder);
  if (isSameFolder !== true) return isKnown(isSameFolder) ? "other" : "not known";
  if (belongsToTask(before) || belongsToTask(after) || before.kind !== after.kind) return "other";
  if (!isKnown(before.source) || !isKnown(after.source)) return "not known";
  const isSameExport = before.remote !== undefined && before.remote === after.remote && before.within === after.within;
  if (isSameExport && after.reach === "every node") return "same";
  const isSameSource = folderOf(before) === folderOf(after) && !differsByTask(before.source ?? "");
  if (!isSameExport && !isSameSource) return "other";
  if (before.reach === "every node" && before.remote === undefined && after.reach !== "node") return "same";
  if (isSameNode === true) return "same";
  if (!isKnown(isSameNode) || before.reach === "not known") return "not known";
  return "other";
}

/** The folder in a volume, or on the host, where mounts of `/srv` and `/srv/redis` may lead to the same folder. */
function folderOf({ kind, source, within }: DataPlace): string {
  const root = source !== undefined && isKnown(source) ? source : "";
  return kind === "host folder" ? posix.resolve("/", root, within) : posix.join(root, within);
}

/** Whether it is on a file server that is reached only through a `docker.Volume`'s options, and so from one node only. */
export function isOnServerForOneNode({ remote, reach }: DataPlace): boolean {
  return remote !== undefined && reach === "node";
}

/** Whether the data belongs to one task and is lost with its container, memory or anonymous volume. */
export function belongsToTask({ kind }: DataPlace): boolean {
  return kind === "anonymous volume" || kind === "container" || kind === "memory";
}

/** A place in words, for example `volume foobarstore`. */
export function placeWords({ kind, source, path }: DataPlace): string {
  const name = source !== undefined && isKnown(source) ? ` "${source}"` : "";
  switch (kind) {
    case "named volume":
      return `volume${name}`;
    case "host folder":
      return `the node's folder${name}`;
    case "anonymous volume":
      return "an anonymous volume of the task";
    case "container":
      return "the container's own file system";
    case "memory":
      return "memory (tmpfs)";
    case "not known":
      return isKnown(path) ? `what is mounted at ${path}` : "a place that is not known";
  }
}
