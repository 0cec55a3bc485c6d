import { catalogueEntries } from "./image-catalogue-entries.ts";
import { isKnown, notKnown, type ImageReference, type Known } from "./service-definition.ts";

/** What is known of an image that keeps state, or that is known to keep none. `image-catalogue-schema.ts` checks each entry. */
export interface CatalogueEntry {
  /** Unique, for the label `holdfast.image` and for people. */
  readonly name: string;
  /** As the product is called. */
  readonly title: string;
  /** Repositories of the image without a registry; a mirror's path may stand before them. */
  readonly repositories: readonly string[];
  /** When it keeps state: always, never, or only when it is started with one of these arguments. */
  readonly keepsState: "always" | "never" | StateOnDemand;
  /** What sends its state to another server: a variable whose value, or a configuration that, matches a pattern. */
  readonly stateElsewhere?: { readonly variables?: Readonly<Record<string, string>>; readonly configuration?: string };
  /** Words of its command line by which one sees what a service runs. */
  readonly commands?: CommandFact;
  /** Where it keeps its data. With several versions, each names the tags it holds for. */
  readonly dataPaths: readonly DataPathFact[];
  /** The image's own `VOLUME`s, where a container without a mount gets an anonymous volume. */
  readonly volumes: readonly VolumeFact[];
  /** Whether several tasks may write the same files: `one` for every database. */
  readonly writers: "one" | "many";
  /** Redis and what speaks its language; the entry then says what the image switches on by itself. */
  readonly redis?: RedisImageFact;
  /** True when a kill loses nothing that it has acknowledged, by its defaults: a synced write-ahead log. */
  readonly survivesKill?: true;
  /** True when a server refuses the files of another major version, also of an older one. */
  readonly refusesOtherMajors?: true;
  /** How it shuts down. */
  readonly shutdown: { readonly signal: string; readonly does: string; readonly source: string };
  /** What proves that it lives. */
  readonly life: readonly LifeFact[];
  /** True when the image brings its own `HEALTHCHECK`. */
  readonly hasHealthCheck?: boolean;
  /** What asks for a password, where it is known. */
  readonly authentication?: AuthenticationFact;
}

/** What makes a program keep state that else keeps none. */
export interface StateOnDemand {
  /** Options of its command line of which one is enough. */
  readonly withArgument: readonly string[];
  /** A setting of its configuration file. */
  readonly withSetting?: string;
}

/** What a service with this image may run. */
export interface CommandFact {
  /** The program that keeps the data, by each of its names. */
  readonly servers: readonly string[];
  /** Programs beside it that work for a server elsewhere: a service that runs one of these, and no server, keeps nothing of its own. */
  readonly tools: readonly string[];
  /** Words that make the server another program, with data of another kind: `--sentinel`. */
  readonly disguises?: readonly string[];
}

/** A place where an image keeps its data. */
export interface DataPathFact {
  /** `{major}` stands for the image's major version. */
  readonly path: string;
  /** The major versions that this holds for; a tag that names none may be any. */
  readonly versions?: { readonly from?: number; readonly before?: number };
  /** Other places that its authors put it by configuration files, so that a mount there is taken to be right. */
  readonly alsoAt?: readonly string[];
  /** What moves it: the first that is given counts. */
  readonly movedBy: readonly Mover[];
  /** Variables that fix the folder's name, in an image that else names the folder after its host. */
  readonly namedAfterHostUnless?: readonly string[];
  readonly source: string;
}

/** A setting that says where the data lies. */
export type Mover =
  | { readonly environment: string }
  /** An option of the command line, `--name value` or `--name=value`. */
  | { readonly argument: string }
  /** An option that stands for another path: `--configsvr`. */
  | { readonly argument: string; readonly means: string }
  /** The words after this one that are neither options nor their values, as in `minio server /data`; some options take no value. */
  | { readonly wordsAfter: string; readonly flags: readonly string[] }
  /**
   * A setting of a configuration, within one of these blocks where they are given. Where a configuration `always` says it, one
   * that cannot be seen leaves the path unknown; elsewhere it hardly ever moves data.
   */
  | { readonly setting: string; readonly within?: readonly string[]; readonly always?: true }
  /** Redis' `dir`, wherever it is set. */
  | { readonly redisDirectory: true };

/** An image's `VOLUME`. */
export interface VolumeFact {
  readonly path: string;
  readonly versions?: DataPathFact["versions"];
}

export interface RedisImageFact {
  readonly appendOnly: boolean;
  /** Environment variable whose words are added to the command line, as in redis-stack. */
  readonly argumentsFrom?: string;
  /** Environment variables that switch the append-only file on or off, as in Bitnami's images. */
  readonly appendOnlyFrom?: string;
}

/** A health check's command. */
export interface LifeFact {
  /** A word by which the command is recognised. */
  readonly command: string;
  /** True when it fails while the server loads or recovers, so that Swarm may kill a server that is only busy. */
  readonly failsWhileLoading: boolean;
  readonly source: string;
}

/** What switches authentication on and off. */
export interface AuthenticationFact {
  /** Whether a password is asked for when nothing is said. */
  readonly byDefault: boolean;
  /** Environment variables of which one, alone or with `_FILE`, switches it on. */
  readonly onByEnvironment: readonly string[];
  /** Options of which one switches it on. */
  readonly onByArgument: readonly string[];
  /** Settings of a configuration file of which one switches it on. */
  readonly onBySetting?: readonly string[];
  /** Environment variables that switch it off at one of these values. */
  readonly offByEnvironment: Readonly<Record<string, readonly string[]>>;
  readonly source: string;
}

/** Names by which people call an image that holds no state worth keeping, such as `redis-exporter`. */
const neutralWords = new Set([
  ..."alpine bookworm bullseye buster trixie debian ubuntu slim ubi distroless hardened fips custom base prod production dev".split(
    " ",
  ),
  ..."server db database image docker store main primary master replica stable latest official arm64 amd64 oss ce my our".split(
    " ",
  ),
]);

/** Publishers that lay their images out in a way of their own: only what is catalogued under their name is known. */
const ownLayout = new Set(
  "bitnami bitnamilegacy bitnamisecure linuxserver hotio ubuntu rhel8 rhel9 rhel10 ubi8 ubi9 sclorg redislabs".split(
    " ",
  ),
);

/**
 * Finds what is known of an image, by the longest repository that ends like it, then by a renamed image's words
 * (`registry.example/team/redis-7-hardened`), never by a part of a word (`redis-exporter` is none).
 *
 * @param saidToBe - the entry's name as a label or the configuration gives it; it comes before everything
 * @returns `undefined` for an image that nothing is known of
 */
export function findImage(
  image: ImageReference,
  saidToBe: Known<string | undefined>,
  entries: readonly CatalogueEntry[] = catalogueEntries,
): Known<CatalogueEntry | undefined> {
  if (!isKnown(saidToBe)) return notKnown;
  if (saidToBe !== undefined) return indexOf(entries).byName.get(saidToBe);
  return isKnown(image.repository) ? findRepository(image.repository, entries) : notKnown;
}

interface Index {
  readonly byName: ReadonlyMap<string, CatalogueEntry>;
  readonly byRepository: ReadonlyMap<string, CatalogueEntry>;
}

const indexes = new WeakMap<readonly CatalogueEntry[], Index>();

function indexOf(entries: readonly CatalogueEntry[]): Index {
  const existing = indexes.get(entries);
  if (existing !== undefined) return existing;
  const index: Index = {
    byName: new Map(entries.map((entry) => [entry.name, entry])),
    byRepository: new Map(entries.flatMap((entry) => entry.repositories.map((repository) => [repository, entry]))),
  };
  indexes.set(entries, index);
  return index;
}

function findRepository(repository: string, entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  const { byRepository } = indexOf(entries);
  const parts = repository.toLowerCase().split("/");
  const publisher = parts.slice(0, -1).findIndex((part) => ownLayout.has(part));
  const last = publisher < 0 ? parts.length - 1 : publisher;
  for (let start = 0; start <= last; start++) {
    const entry = byRepository.get(parts.slice(start).join("/"));
    if (entry !== undefined) return entry;
  }
  return publisher < 0 ? findRenamed(parts.at(-1) ?? "", byRepository) : undefined;
}

/** An image whose last name is a catalogued one with nothing but versions and neutral words around it. */
function findRenamed(name: string, byRepository: Index["byRepository"]): CatalogueEntry | undefined {
  const words = name.split(/[-_.]/).filter((word) => !/^v?\d+$/.test(word) && !neutralWords.has(word));
  const [word = "", ...others] = words;
  return others.length === 0 ? byRepository.get(word.replace(/\d+$/, "")) : undefined;
}

/**
 * The first number of a tag, as in `16-alpine` and `v2.1`, or PostgreSQL's version where an extension's own stands before it, as in
 * `2.17-pg16`; `undefined` for `latest` and the like.
 */
export function majorVersion(tag: Known<string | undefined>): number | undefined {
  if (!isKnown(tag)) return undefined;
  const match = /(?:^|[-_.])pg(?<major>\d{1,2})(?!\d)/.exec(tag ?? "") ?? /^v?(?<major>\d{1,4})(?!\d)/.exec(tag ?? "");
  const digits = match?.groups?.["major"];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether a fact holds for a version; `notKnown` when the version is not and that matters. */
export function holdsFor(versions: DataPathFact["versions"], major: number | undefined): Known<boolean> {
  if (versions === undefined) return true;
  if (major === undefined) return notKnown;
  return major >= (versions.from ?? 0) && major < (versions.before ?? Infinity);
}
