import type { CatalogueEntry, RedisImageFact } from "../model/image/catalogue-entry.ts";
import { pinOf, type ConstraintPin } from "../model/placement/constraints.ts";
import type { RedisDirectives } from "../model/redis/settings.ts";
import {
  isKnown,
  labelOf,
  notKnown,
  type ImageFacts,
  type Known,
  type Mount,
  type ServiceDefinition,
} from "../model/service/definition.ts";
import { serviceLabels } from "../model/service/labels.ts";
import type { DataSite } from "../model/storage/data-paths.ts";
import { dataProfile, type ImageNames } from "../model/storage/data-profile.ts";
import { storageOf, type Storage } from "../model/storage/volume-storage.ts";
import { parseSize } from "../text/byte-size.ts";
import { quoted } from "../text/escape.ts";
import { InputError } from "../text/input-error.ts";
import type { EstateIndex } from "./estate-index.ts";
import { readSuppressions, type SuppressionLabels } from "./suppression.ts";

/** A service, and what follows from its definition: what the rules look at. */
export interface Subject {
  readonly service: ServiceDefinition;
  readonly index: EstateIndex;
  /** How the service was before the change that is judged. */
  readonly previous: ServiceDefinition | undefined;
  readonly options: SubjectOptions;
  /** `undefined` for an image that the catalogue does not have. */
  readonly image: Known<CatalogueEntry | undefined>;
  readonly facts: ImageFacts | undefined;
  /** Whether it says that what it stores may be lost. */
  readonly isCache: Known<boolean>;
  /** Whether it keeps state that matters; `undefined` for an image of which nothing is known. */
  readonly keepsState: Known<boolean> | undefined;
  readonly sites: readonly DataSite[];
  readonly dataVolumes: readonly MountedData[];
  /** The Redis settings, for Redis and compatible servers. */
  readonly redis: RedisSubject | undefined;
  readonly pin: ConstraintPin;
  /** Whether its author says, with a reason, that several nodes or services may use its data. */
  readonly isShared: boolean;
}

/** The Redis settings, and what the image enables by default. */
export interface RedisSubject extends RedisDirectives {
  readonly image: RedisImageFact;
}

/** A volume, or a folder of the host, that carries data. */
export interface MountedData {
  readonly mount: Mount;
  /** For people: the volume's name or the host's path. */
  readonly label: string;
  readonly isBind: boolean;
  readonly storage: Known<Storage>;
  /** False when the image is not known and its writable volumes are only assumed to contain data. */
  readonly isCertain: boolean;
}

/** Options of a judgement that the rules need. */
export interface SubjectOptions {
  /** The date of the review, such as `2027-03-01`. */
  readonly today: string;
  /** Names of catalogue entries by repository, for images under another name. */
  readonly images: ImageNames;
  /** The rules that there are, for labels that name them. */
  readonly ruleIds: ReadonlySet<string>;
}

/** Works out what the rules look at. */
export function subjectOf(service: ServiceDefinition, index: EstateIndex, options: SubjectOptions): Subject {
  const { image, facts, redis, isDeclaredCache, keepsState, sites } = dataProfile(service, {
    images: index.images,
    imageNames: options.images,
  });
  const shared = labelOf(service, serviceLabels.shared);
  const redisImage = isKnown(image) ? image?.redis : undefined;
  const judgedSites = keepsState === false ? [] : sites;
  return {
    service,
    index,
    previous: index.previous.get(service.id),
    options,
    image,
    facts,
    isCache: isDeclaredCache,
    keepsState,
    sites: judgedSites,
    dataVolumes: dataVolumes(service, index, keepsState, judgedSites),
    redis: redis && redisImage && { ...redis, image: redisImage },
    pin: pinOf(service.constraints),
    isShared: isKnown(shared) && (shared ?? "") !== "",
  };
}

function dataVolumes(
  { mounts }: ServiceDefinition,
  index: EstateIndex,
  keepsState: Subject["keepsState"],
  sites: readonly DataSite[],
): readonly MountedData[] {
  if (keepsState === false || !isKnown(mounts)) return [];
  // A mount that misses the data path is meant for the data, so its other faults count once that is fixed.
  const certain = new Set(
    sites.flatMap(({ covering, missedBy }) =>
      covering.kind === "volume" || covering.kind === "bind" ? [covering.mount] : (missedBy ?? []),
    ),
  );
  const isJudged = keepsState === true || sites.length > 0;
  const presumed = isJudged ? [] : mounts.filter((mount) => isNamedVolume(mount) && mount.readOnly === false);
  return [...certain, ...presumed].map((mount) => ({
    mount,
    label: isKnown(mount.source) ? (mount.source ?? "") : "",
    isBind: mount.type === "bind",
    storage:
      mount.type === "bind"
        ? "local"
        : storageOf(mount, isKnown(mount.source) ? index.volumesNamed(mount.source ?? "")[0] : undefined),
    isCertain: certain.has(mount),
  }));
}

/** Whether a mount is a volume with a name, known or not. */
export function isNamedVolume({ type, source }: Mount): boolean {
  return type === "volume" && source !== undefined && source !== "";
}

/** What the service's labels say about rules to be left out. */
export function suppressionsOf({ service, options }: Subject): SuppressionLabels {
  return readSuppressions(service, options.ruleIds);
}

/** What the catalogue says of the image; `undefined` when it has nothing, or the image is not known yet. */
export function entryOf({ image }: Subject): CatalogueEntry | undefined {
  return isKnown(image) ? image : undefined;
}

/** A path for a message. */
export function pathWords(path: Known<string>): string {
  return isKnown(path) ? quoted(path) : "a path that is not known yet";
}

/** How the image is called in a message. */
export function titleOf(subject: Subject): string {
  return entryOf(subject)?.title ?? "its image";
}

/** How much data a service holds, in bytes, by its label; not known for a label that cannot be read. */
export function declaredDataset(service: ServiceDefinition): Known<number | undefined> {
  const label = labelOf(service, serviceLabels.dataset);
  if (!isKnown(label) || label === undefined) return label;
  try {
    return parseSize(label, serviceLabels.dataset);
  } catch (error) {
    if (error instanceof InputError) return notKnown;
    throw error;
  }
}

/** Whether the service has data that rules about running it are about. */
export function hasData({ keepsState, dataVolumes: volumes }: Subject): boolean {
  return keepsState === true || volumes.length > 0;
}

/** Whether the service is a store or a program with data, also one that is only a cache: whom rules about its care concern. */
export function isStore(subject: Subject): boolean {
  const { image } = subject;
  return hasData(subject) || (isKnown(image) && image !== undefined && image.keepsState !== "never");
}

/** Whether several tasks may write its data: its image allows it, or its author says why. */
export function mayShare(subject: Subject): boolean {
  return subject.isShared || entryOf(subject)?.writers === "many";
}
