/** Facts shared by several families. */
import type { AuthenticationFact, CatalogueEntry, DataPathFact, LifeFact } from "../catalogue-entry.ts";

/** The page of an image on Docker Hub. */
export const hub = (repository: string): string =>
  `https://hub.docker.com/${repository.includes("/") ? `r/${repository}` : `_/${repository}`}`;
/** The page of a Bitnami image. */
export const bitnami = (name: string): string =>
  `https://github.com/bitnami/containers/blob/main/bitnami/${name}/README.md`;

/** A check that fails while the server loads. */
export const readyCheck = (command: string, source: string): LifeFact => ({ command, failsWhileLoading: true, source });

/** Requires no password unless one of these is set. */
export const offUnless = (
  onByEnvironment: string[],
  source: string,
  onByArgument: string[] = [],
): AuthenticationFact => ({
  byDefault: false,
  onByEnvironment,
  onByArgument,
  offByEnvironment: {},
  source,
});

/** Requires a password unless one of these is set. */
export const onUnless = (offByEnvironment: Record<string, string[]>, source: string): AuthenticationFact => ({
  byDefault: true,
  onByEnvironment: [],
  onByArgument: [],
  offByEnvironment,
  source,
});

/** What most stateful images have in common; an entry lists only the differences. */
const common = {
  keepsState: "always",
  dataPaths: [],
  volumes: [],
  writers: "one",
  life: [],
} as const satisfies Partial<CatalogueEntry>;

/** A data path that nothing moves by default. */
type OwnDataPath = Omit<DataPathFact, "movedBy"> & Partial<Pick<DataPathFact, "movedBy">>;

/** An entry without the parts that it shares with most others. */
type StatefulImage = Omit<CatalogueEntry, keyof typeof common> &
  Partial<Pick<CatalogueEntry, keyof typeof common>> & {
    /** Where it keeps its data, if that is one place. */
    dataPath?: OwnDataPath;
    /** The same, when the image declares it as its only `VOLUME`. */
    dataVolume?: OwnDataPath;
  };

/** Completes the entries of a family: by default they keep state, allow one writer, and declare no `VOLUME`. */
export const statefulImages = (images: readonly StatefulImage[]): readonly CatalogueEntry[] =>
  images.map(({ dataPath, dataVolume, ...image }) => {
    const only = dataVolume ?? dataPath;
    return {
      ...common,
      ...(only && { dataPaths: [{ movedBy: [], ...only }] }),
      ...(dataVolume && { volumes: [{ path: dataVolume.path }] }),
      ...image,
    };
  });

/** A Bitnami image, which keeps its data in a different place from the official image. */
export const bitnamiImage = (name: string, title: string, path: string): StatefulImage => ({
  name: `bitnami-${name}`,
  title: `${title} (Bitnami)`,
  repositories: [`bitnami/${name}`, `bitnamilegacy/${name}`],
  dataPath: { path, source: bitnami(name) },
});
