/** What entries of several families say. */
import type { AuthenticationFact, CatalogueEntry, LifeFact } from "../catalogue-entry.ts";

/** The page of an image on Docker Hub. */
export const hub = (repository: string): string =>
  `https://hub.docker.com/${repository.includes("/") ? `r/${repository}` : `_/${repository}`}`;
/** The page of an image of Bitnami. */
export const bitnami = (name: string): string =>
  `https://github.com/bitnami/containers/blob/main/bitnami/${name}/README.md`;

/** A check by HTTP, which fails while the server loads. */
export const httpCheck = (command: string, source: string): LifeFact => ({ command, failsWhileLoading: true, source });

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

/** An image of Bitnami, which keeps its data elsewhere than that of the program's own makers. */
export const bitnamiImage = (name: string, title: string, path: string): CatalogueEntry => ({
  name: `bitnami-${name}`,
  title: `${title} (Bitnami)`,
  repositories: [`bitnami/${name}`, `bitnamilegacy/${name}`],
  keepsState: "always",
  dataPaths: [{ path, movedBy: [], source: bitnami(name) }],
  volumes: [],
  writers: "one",
  life: [],
});
