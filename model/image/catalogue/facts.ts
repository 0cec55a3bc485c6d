/** What entries of several families say. */
import type { AuthenticationFact, CatalogueEntry, DataPathFact, LifeFact } from "../catalogue-entry.ts";

/** The page of an image on Docker Hub. */
export const hub = (repository: string): string =>
  `https://hub.docker.com/${repository.includes("/") ? `r/${repository}` : `_/${repository}`}`;
/** The page of an image of Bitnami. */
export const bitnami = (name: string): string =>
  `https://github.com/bitnami/containers/blob/main/bitnami/${name}/README.md`;

/** A check that fails while the server loads. */
export const readyCheck = (command: string, source: string): LifeFact => ({ command, failsWhileLoading: true, source });

/** Asks for no password unless one of these is set. */
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

/** Asks for a password unless one of these is set. */
export const onUnless = (offByEnvironment: Record<string, string[]>, source: string): AuthenticationFact => ({
  byDefault: true,
  onByEnvironment: [],
  onByArgument: [],
  offByEnvironment,
  source,
});

/** What most images that keep state have in common; an entry says what differs. */
const common = {
  keepsState: "always",
  dataPaths: [],
  volumes: [],
  writers: "one",
  life: [],
} as const satisfies Partial<CatalogueEntry>;

/** A data path that nothing moves, unless it says what does. */
type OwnDataPath = Omit<DataPathFact, "movedBy"> & Partial<Pick<DataPathFact, "movedBy">>;

/** An entry that leaves out what it has in common with most. */
type StatefulImage = Omit<CatalogueEntry, keyof typeof common> &
  Partial<Pick<CatalogueEntry, keyof typeof common>> & {
    /** Where it keeps its data, if that is one place. */
    dataPath?: OwnDataPath;
    /** The same, where the image declares that place as its one `VOLUME`. */
    dataVolume?: OwnDataPath;
  };

/** The entries of a family: unless they say otherwise, they keep state, one task writes it, and they declare no `VOLUME`. */
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

/** An image of Bitnami, which keeps its data elsewhere than that of the program's own makers. */
export const bitnamiImage = (name: string, title: string, path: string): StatefulImage => ({
  name: `bitnami-${name}`,
  title: `${title} (Bitnami)`,
  repositories: [`bitnami/${name}`, `bitnamilegacy/${name}`],
  dataPath: { path, source: bitnami(name) },
});
