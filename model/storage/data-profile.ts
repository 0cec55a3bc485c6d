/** What policies and impact analysis both need to know about a service: its program, where its data is, and whether the data matters. */
import type { CatalogueEntry } from "../image/catalogue-entry.ts";
import { findImage } from "../image/catalogue.ts";
import { keepsState as keepsStateOf, runsTool } from "../image/command.ts";
import { hasSavePoints, isAppendOnly, redisSetting, redisSettings, type RedisDirectives } from "../redis/settings.ts";
import {
  factsOf,
  isKnown,
  labelOf,
  notKnown,
  type Estate,
  type ImageFacts,
  type Known,
  type ServiceDefinition,
} from "../service/definition.ts";
import { serviceLabels } from "../service/labels.ts";
import { dataSites, type DataSite } from "./data-paths.ts";

/** Names of catalogue entries by repository, for renamed images: `{ "corp/cache": "redis" }`. */
export type ImageNames = Readonly<Record<string, string>>;

/** What is known about images in addition to the catalogue. */
export interface KnownImages {
  /** What a live engine said about them. */
  readonly images: Estate["images"];
  /** @default none */
  readonly imageNames?: ImageNames | undefined;
}

/** A service's program and its data. */
export interface DataProfile {
  /** The program; `undefined` when it is not in the catalogue, and for a service that runs a tool of its image. */
  readonly image: Known<CatalogueEntry | undefined>;
  /** What a live engine said about the image; `undefined` for a tool, which may write anywhere. */
  readonly facts: ImageFacts | undefined;
  /** Its Redis settings; `undefined` when it is not Redis. */
  readonly redis: RedisDirectives | undefined;
  /** Whether a label says that its data may be lost. */
  readonly isDeclaredCache: Known<boolean>;
  /** Whether it is a cache, by declaration or by its configuration, so its data need not survive. */
  readonly isCache: boolean;
  /** Whether the program keeps state; `undefined` for an unknown image. */
  readonly holdsState: Known<boolean> | undefined;
  /** Whether it keeps state that matters; `undefined` for an unknown image. A declared cache keeps none. */
  readonly keepsState: Known<boolean> | undefined;
  /** Each place where the program writes its data, including a cache's. */
  readonly sites: readonly DataSite[];
}

/** Works out a service's program and its data. */
export function dataProfile(service: ServiceDefinition, { images, imageNames = {} }: KnownImages): DataProfile {
  const found = findImage(service.image, saidToBe(service, imageNames));
  // Neither the catalogue nor the image's volumes say where a tool of an image writes.
  const isTool = isKnown(found) && found !== undefined && runsTool(service, found);
  const image = isTool ? undefined : found;
  const entry = isKnown(image) ? image : undefined;
  const facts = isTool ? undefined : factsOf(service.image, images);
  const redis = entry?.redis && redisSettings(service, entry.redis);
  const store = labelOf(service, serviceLabels.store);
  const isDeclaredCache = isKnown(store) ? store === "cache" : notKnown;
  const holdsState = isKnown(image) ? stateOf(service, image, facts) : notKnown;
  return {
    image,
    facts,
    redis,
    isDeclaredCache,
    isCache: isDeclaredCache === true || forgets(redis, entry),
    holdsState,
    keepsState:
      isDeclaredCache === true ? false : holdsState === true && !isKnown(isDeclaredCache) ? notKnown : holdsState,
    sites: holdsState === false ? [] : dataSites(service, entry, facts, redis),
  };
}

function saidToBe(service: ServiceDefinition, imageNames: ImageNames): string | undefined {
  const label = labelOf(service, serviceLabels.image);
  const { repository } = service.image;
  if (isKnown(label) && label !== undefined) return label;
  return isKnown(repository) && Object.hasOwn(imageNames, repository) ? imageNames[repository] : undefined;
}

function stateOf(
  service: ServiceDefinition,
  entry: CatalogueEntry | undefined,
  facts: ImageFacts | undefined,
): Known<boolean> | undefined {
  if (entry !== undefined) return keepsStateOf(service, entry);
  return facts === undefined ? undefined : facts.volumes.length > 0;
}

/** Whether it is a Redis that keeps nothing and evicts old keys. */
function forgets(redis: RedisDirectives | undefined, entry: CatalogueEntry | undefined): boolean {
  if (redis === undefined || entry?.redis === undefined || !redis.isComplete) return false;
  const { value } = redisSetting(redis, "maxmemory-policy");
  const evicts = isKnown(value) && value !== undefined && value.startsWith("allkeys-");
  return evicts && isAppendOnly(redis, entry.redis) === false && hasSavePoints(redis) === false;
}
