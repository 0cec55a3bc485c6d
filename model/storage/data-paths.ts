import { posix } from "node:path";
import type { CatalogueEntry, DataPathFact } from "../image/catalogue-entry.ts";
import { holdsFor, majorVersion } from "../image/catalogue.ts";
import { commandWords, isOption, settingIn } from "../image/command.ts";
import { redisDirectory, redisKept, type RedisDirectives } from "../redis/settings.ts";
import {
  isKnown,
  notKnown,
  visible,
  type ImageFacts,
  type Known,
  type Mount,
  type ServiceDefinition,
} from "../service/definition.ts";

/** What decided a data path, other than the image. */
export interface Decision {
  /** In the program's terms: `PGDATA`, `--datadir`, `dir`, `the working directory`. */
  readonly words: string;
  readonly path: string;
}

/** What is mounted where a service writes its data. */
export type Covering =
  /** A named volume. */
  | { readonly kind: "volume"; readonly mount: Mount }
  | { readonly kind: "bind"; readonly mount: Mount }
  | { readonly kind: "tmpfs"; readonly mount: Mount }
  /** A mount of type volume without a name. */
  | { readonly kind: "anonymous"; readonly mount: Mount }
  /** The image's own `VOLUME`, so an anonymous volume for each task. */
  | { readonly kind: "image volume" }
  /** The container's own file system. */
  | { readonly kind: "nothing" }
  | { readonly kind: "not known"; readonly path: string; readonly why: string };

/** A place where a service writes its data, and what is mounted there. */
export interface DataSite {
  /** The data path in the container. */
  readonly path: Known<string>;
  /** `undefined` when the image's default applies. */
  readonly decidedBy: Decision | undefined;
  readonly covering: Covering;
  /** A mount that seems intended for the data but does not cover it. */
  readonly missedBy: Mount | undefined;
}

/** Whether a path is a folder or is inside it. */
export function isWithin(path: string, folder: string): boolean {
  const inside = posix.resolve("/", path);
  const outside = posix.resolve("/", folder);
  return outside === "/" || inside === outside || inside.startsWith(`${outside}/`);
}

/**
 * Finds each place where a service writes its data, and what is mounted there.
 *
 * An image's `VOLUME` without its own mount gets an anonymous volume, even if a parent folder is mounted: a volume at
 * `/var/lib/postgresql` does not get what PostgreSQL 17 writes to its `VOLUME /var/lib/postgresql/data`.
 *
 * @param entry - the image's catalogue entry, if any
 * @param facts - what a live engine says about the image
 * @returns nothing for an unknown image
 */
export function dataSites(
  service: ServiceDefinition,
  entry: CatalogueEntry | undefined,
  facts: ImageFacts | undefined,
  redis: RedisDirectives | undefined,
): readonly DataSite[] {
  if (entry === undefined) {
    return (facts?.volumes ?? []).map((path) => site(path, undefined, service, facts?.volumes ?? [], []));
  }
  const major = majorVersion(service.image.tag);
  const volumes =
    facts?.volumes ??
    entry.volumes.filter(({ versions }) => holdsFor(versions, major) !== false).map(({ path }) => path);
  const paths = entry.dataPaths.map((fact) => ({
    ...fact,
    path: fact.path.replace("{major}", String(major ?? fact.versions?.from ?? "")),
  }));
  const certain = paths.filter(({ versions }) => holdsFor(versions, major) === true);
  const possible = paths.filter(({ versions }) => !isKnown(holdsFor(versions, major)));
  const kept = redis && redisKept(redis, entry.redis);
  const locate = (fact: DataPathFact): readonly DataSite[] =>
    factSites(fact, service, volumesFor(fact), redis).map((each) => below(each, kept, service));
  // Only a version's own volumes can hide its data.
  const volumesFor = (fact: DataPathFact): readonly string[] =>
    facts !== undefined || fact.versions === undefined
      ? volumes
      : entry.volumes
          .filter(({ versions }) => versions === undefined || sameVersions(versions, fact.versions))
          .map(({ path }) => path);
  return [...certain.flatMap(locate), ...either(possible.flatMap(locate), service)];
}

/** If a mount covers the data file or folder itself, the data is there. */
function below(found: DataSite, kept: string | undefined, { mounts }: ServiceDefinition): DataSite {
  const { path } = found;
  if (kept === undefined || !isKnown(path) || !isKnown(mounts)) return found;
  const file = posix.join(path, kept);
  const covers = ({ target }: Mount): boolean =>
    isKnown(target) && target !== "" && isWithin(file, target) && !isWithin(path, target);
  return mounts.some(covers) ? { ...found, path: file, covering: coveringOf(file, mounts, []) } : found;
}

function sameVersions(one: DataPathFact["versions"], other: DataPathFact["versions"]): boolean {
  return one?.from === other?.from && one?.before === other?.before;
}

/** Reduces the places of different versions to one, which is known to be good or bad only if all are. */
function either(sites: readonly DataSite[], service: ServiceDefinition): readonly DataSite[] {
  const [first] = sites;
  if (first === undefined) return [];
  const good = sites.filter(({ covering }) => covering.kind === "volume" || covering.kind === "bind");
  if (good.length === sites.length || good.length === 0) return [good[0] ?? first];
  const why = "the image's version decides where its data is, and no tag says which version it is";
  return [{ ...(good[0] ?? first), covering: { kind: "not known", path: service.paths.image, why } }];
}

function factSites(
  fact: DataPathFact,
  service: ServiceDefinition,
  volumes: readonly string[],
  redis: RedisDirectives | undefined,
): readonly DataSite[] {
  for (const { paths, decidedBy } of moves(fact, service, redis)) {
    if (paths.length > 0)
      return paths.map((path) =>
        site(path, decidedBy, service, volumes, decidedBy === undefined ? (fact.alsoAt ?? []) : []),
      );
  }
  const byDefault = site(fact.path, undefined, service, volumes, fact.alsoAt ?? []);
  const isOpen = byDefault.covering.kind === "nothing" || byDefault.covering.kind === "image volume";
  const isUnsure =
    isOpen &&
    fact.movedBy.some(
      (mover) =>
        "setting" in mover && mover.always === true && !isKnown(settingIn(service, mover.setting, mover.within)),
    );
  if (!isUnsure) return [byDefault];
  const why = "a configuration that cannot be seen may say where its data is";
  return [{ ...byDefault, covering: { kind: "not known", path: service.paths.configs, why }, missedBy: undefined }];
}

interface Move {
  readonly paths: readonly Known<string>[];
  readonly decidedBy: Decision | undefined;
}

function moves(fact: DataPathFact, service: ServiceDefinition, redis: RedisDirectives | undefined): readonly Move[] {
  return fact.movedBy.map((mover): Move => {
    if ("redisDirectory" in mover) {
      if (redis === undefined) return { paths: [], decidedBy: undefined };
      const { path, decidedBy } = redisDirectory(redis, service, fact.path);
      return { paths: [path], decidedBy };
    }
    if ("environment" in mover) {
      return {
        paths: environmentPaths(service, mover.environment),
        decidedBy: { words: mover.environment, path: service.paths.environment },
      };
    }
    if ("setting" in mover) {
      const value = settingIn(service, mover.setting, mover.within);
      const paths = isKnown(value) && value?.startsWith("/") === true ? [value] : [];
      return { paths, decidedBy: { words: mover.setting, path: service.paths.configs } };
    }
    const words = commandWords(service);
    const decidedBy = { words: "argument" in mover ? mover.argument : "its arguments", path: service.paths.args };
    if (words === undefined) return { paths: [], decidedBy };
    if ("wordsAfter" in mover) return { paths: wordsAfter(words, mover.wordsAfter, mover.flags), decidedBy };
    if (!("means" in mover)) return { paths: optionValue(words, mover.argument), decidedBy };
    return { paths: words.some((word) => isOption(word, mover.argument)) ? [mover.means] : [], decidedBy };
  });
}

function environmentPaths(service: ServiceDefinition, name: string): readonly Known<string>[] {
  const { environment } = service;
  // Hidden variables hardly ever move data, and doubting every such service would bury what matters.
  if (!isKnown(environment) || !Object.hasOwn(environment, name)) return [];
  const value = visible(environment[name] ?? "");
  if (value === "") return [];
  return isKnown(value) ? value.split(/[,\s]+/).flatMap(pathsIn) : [notKnown];
}

function optionValue(words: readonly Known<string>[], option: string): readonly Known<string>[] {
  for (const [index, word] of words.entries()) {
    if (!isKnown(word)) continue;
    if (word === option) return [words[index + 1] ?? notKnown];
    if (word.startsWith(`${option}=`)) return [word.slice(option.length + 1)];
    // PostgreSQL and similar servers accept a short option and its value in one word.
    if (/^-[A-Z]$/.test(option) && word.startsWith(`${option}/`)) return [word.slice(option.length)];
  }
  return [];
}

/** The paths among the words after one, up to the end of its command, without option values. */
function wordsAfter(
  words: readonly Known<string>[],
  start: string,
  flags: readonly string[],
): readonly Known<string>[] {
  const index = words.indexOf(start);
  if (index < 0) return [];
  const rest = words.slice(index + 1);
  const end = rest.findIndex((word) => isKnown(word) && /^(?:[;&|\n]|&&|\|\|)$/.test(word));
  return rest.slice(0, end < 0 ? rest.length : end).flatMap((word, at, all): readonly Known<string>[] => {
    const previous = all[at - 1];
    const isValue =
      isKnown(previous ?? notKnown) && /^--?[^=]+$/.test(String(previous)) && !flags.includes(String(previous));
    if (isValue) return [];
    return isKnown(word) ? pathsIn(word) : [notKnown];
  });
}

/** The paths that a word means: an address's path, with each `{1...4}` expanded as MinIO does. */
function pathsIn(word: string): readonly string[] {
  const path = word.replace(/^https?:\/\/[^/]+/, "");
  return path.startsWith("/") ? expandRange(path) : [];
}

/** More drives than any server has; a larger range is not expanded. */
const mostDrives = 1000;

function expandRange(path: string): readonly string[] {
  const match = /^(?<before>[^{]*)\{(?<first>\d{1,3})\.\.\.(?<last>\d{1,3})\}(?<after>.*)$/.exec(path)?.groups;
  if (match === undefined) return [path];
  const [first, last] = [Number(match["first"]), Number(match["last"])];
  const count = Math.max(last - first + 1, 0);
  const rest = expandRange(match["after"] ?? "");
  if (count * rest.length > mostDrives) return [path];
  return Array.from({ length: count }, (_, index) => `${match["before"] ?? ""}${first + index}`).flatMap((start) =>
    rest.map((end) => start + end),
  );
}

function site(
  path: Known<string>,
  decidedBy: Decision | undefined,
  service: ServiceDefinition,
  volumes: readonly string[],
  alsoAt: readonly string[],
): DataSite {
  const { mounts, paths } = service;
  const unsure = (why: string, at: string): DataSite => ({
    path,
    decidedBy,
    covering: { kind: "not known", path: at, why },
    missedBy: undefined,
  });
  if (!isKnown(path))
    return unsure(
      `${decidedBy?.words ?? "what"} decides where its data is and is not known yet`,
      decidedBy?.path ?? paths.service,
    );
  if (!isKnown(mounts)) return unsure("the mounts are not known yet", paths.mounts);
  const covering = coveringOf(path, mounts, volumes);
  const elsewhere = alsoAt
    .map((other) => mounts.find(({ target }) => isKnown(target) && posix.resolve("/", target) === other))
    .find((mount) => mount !== undefined);
  const isLost = covering.kind === "nothing" || covering.kind === "image volume";
  if (isLost && elsewhere !== undefined) {
    return { path: elsewhere.target, decidedBy, covering: mountCovering(elsewhere), missedBy: undefined };
  }
  const undecided = mounts.find((mount) => !isKnown(mount.target));
  if (isLost && undecided !== undefined) return unsure("the target of a mount is not known yet", undecided.path);
  return {
    path,
    decidedBy,
    covering,
    missedBy: isLost ? mounts.find((mount) => isMeantForData(mount, path)) : undefined,
  };
}

/** The mount, or image volume, with the longest target that contains the path. */
function coveringOf(path: string, mounts: readonly Mount[], volumes: readonly string[]): Covering {
  const above = mounts.filter(({ target }) => isKnown(target) && target !== "" && isWithin(path, target));
  const [nearest] = above.toSorted((one, other) => depth(other.target) - depth(one.target));
  const own = volumes.filter((volume) => isWithin(path, volume)).toSorted((one, other) => depth(other) - depth(one))[0];
  if (own !== undefined && (nearest === undefined || depth(own) > depth(nearest.target)))
    return { kind: "image volume" };
  return nearest === undefined ? { kind: "nothing" } : mountCovering(nearest);
}

function depth(path: Known<string>): number {
  return isKnown(path) ? posix.resolve("/", path).split("/").filter(Boolean).length : 0;
}

/** What a mount puts where it is mounted. */
export function mountCovering(mount: Mount): Covering {
  const { type, source } = mount;
  if (!isKnown(type)) return { kind: "not known", path: mount.path, why: "the type of its mount is not known yet" };
  if (type === "tmpfs") return { kind: "tmpfs", mount };
  if (type === "bind") return { kind: "bind", mount };
  return type === "volume" && isKnown(source) && (source ?? "") === ""
    ? { kind: "anonymous", mount }
    : { kind: "volume", mount };
}

/** A named volume, or a data-like folder of the host, near the data path: its author thought that the data was there. */
function isMeantForData({ type, source, target }: Mount, path: string): boolean {
  if (!isKnown(type) || !isKnown(target) || source === undefined || source === "") return false;
  if (type === "volume") return true;
  return (
    type === "bind" &&
    (isWithin(target, path) || /(?:^|[/_-])(?:data|db|storage|lib)(?:$|[/_-])/.test(target)) &&
    !/\.\w{1,5}$/.test(target)
  );
}
