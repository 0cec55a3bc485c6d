import { isKnown, notKnown, type ImageReference, type Known } from "../service/definition.ts";
import { catalogueEntries } from "./catalogue/index.ts";
import type { CatalogueEntry, DataPathFact } from "./catalogue-entry.ts";

/** Words that say nothing about what an image contains, as in `redis-7-hardened`. */
const neutralWords = new Set([
  ..."alpine bookworm bullseye buster trixie debian ubuntu slim ubi distroless hardened fips custom base prod production dev".split(
    " ",
  ),
  ..."server db database image docker store main primary master replica stable latest official arm64 amd64 oss ce my our".split(
    " ",
  ),
]);

/** Publishers with their own image layout: only entries catalogued under their name apply. */
const ownLayout = new Set(
  "bitnami bitnamilegacy bitnamisecure linuxserver hotio ubuntu rhel8 rhel9 rhel10 ubi8 ubi9 sclorg redislabs".split(
    " ",
  ),
);

/**
 * Finds an image's entry: by the longest matching end of its repository, then by the words of a renamed image
 * (`registry.example/team/redis-7-hardened`), never by part of a name (`redis-exporter` is not Redis).
 *
 * @param saidToBe - the entry's name from a label or the configuration; takes precedence
 * @returns `undefined` for an unknown image
 */
export function findImage(
  image: ImageReference,
  saidToBe: string | undefined,
  entries: readonly CatalogueEntry[] = catalogueEntries,
): Known<CatalogueEntry | undefined> {
  if (saidToBe !== undefined) return indexOf(entries).byName.get(saidToBe);
  return isKnown(image.repository) ? findRepository(image.repository, entries) : notKnown;
}

interface Index {
  readonly byName: ReadonlyMap<string, CatalogueEntry>;
  readonly byRepository: ReadonlyMap<string, CatalogueEntry>;
  /** The number of parts of the longest repository. */
  readonly mostParts: number;
}

const indexes = new WeakMap<readonly CatalogueEntry[], Index>();

function indexOf(entries: readonly CatalogueEntry[]): Index {
  const existing = indexes.get(entries);
  if (existing !== undefined) return existing;
  const repositories = entries.flatMap((entry) => entry.repositories);
  const index: Index = {
    mostParts: Math.max(0, ...repositories.map((repository) => repository.split("/").length)),
    byName: new Map(entries.map((entry) => [entry.name, entry])),
    byRepository: new Map(entries.flatMap((entry) => entry.repositories.map((repository) => [repository, entry]))),
  };
  indexes.set(entries, index);
  return index;
}

function findRepository(repository: string, entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  const { byRepository, mostParts } = indexOf(entries);
  const parts = repository.toLowerCase().split("/");
  const publisher = parts.slice(0, -1).findIndex((part) => ownLayout.has(part));
  const last = publisher < 0 ? parts.length - 1 : publisher;
  for (let start = Math.max(0, parts.length - mostParts); start <= last; start++) {
    const entry = byRepository.get(parts.slice(start).join("/"));
    if (entry !== undefined) return entry;
  }
  return publisher < 0 ? findRenamed(parts.at(-1) ?? "", byRepository) : undefined;
}

/** An image whose last name is a catalogued one, surrounded only by versions and neutral words. */
function findRenamed(name: string, byRepository: Index["byRepository"]): CatalogueEntry | undefined {
  const words = name.split(/[-_.]/).filter((word) => !/^v?\d+$/.test(word) && !neutralWords.has(word));
  const [word = "", ...others] = words;
  return others.length === 0 ? byRepository.get(word.replace(/(?<!\d)\d+$/, "")) : undefined;
}

/**
 * The first number of a tag, as in `16-alpine` and `v2.1`, or PostgreSQL's version where an extension's version comes first, as
 * in `2.17-pg16`; `undefined` for tags such as `latest`, and for a commit such as `4f5e6d7`.
 */
export function majorVersion(tag: Known<string | undefined>): number | undefined {
  if (!isKnown(tag)) return undefined;
  const match =
    /(?:^|[-_.])pg(?<major>\d{1,2})(?!\d)/.exec(tag ?? "") ??
    /^v?(?<major>\d{1,4})(?=$|[._+-]|(?:alpha|beta|rc)\d)/.exec(tag ?? "");
  const digits = match?.groups?.["major"];
  return digits === undefined ? undefined : Number(digits);
}

/** The numbers that a tag begins with, `[7, 2]` for `7.2-alpine`; `undefined` for tags such as `latest`. */
export function tagVersion(tag: Known<string | undefined>): readonly number[] | undefined {
  if (majorVersion(tag) === undefined || !isKnown(tag) || tag === undefined) return undefined;
  return (/^v?([\d.]+)/u.exec(tag)?.[1] ?? "").split(".").filter(Boolean).map(Number);
}

/** Compares two versions: negative when the first is older. A less specific version means the newest of its line. */
export function compareVersions(one: readonly number[], other: readonly number[]): number {
  for (const [index, part] of one.entries()) {
    const rest = other[index];
    if (rest === undefined) return 0;
    if (part !== rest) return part - rest;
  }
  return 0;
}

/** Whether a fact applies to a version; `notKnown` when that depends on an unknown version. */
export function holdsFor(versions: DataPathFact["versions"], major: number | undefined): Known<boolean> {
  if (versions === undefined) return true;
  if (major === undefined) return notKnown;
  return major >= (versions.from ?? 0) && major < (versions.before ?? Infinity);
}
