/** The name of an image in its parts (Docker's distribution/reference, `ParseNormalizedNamed`). */
export interface ImageNameParts {
  /** Registry and path as they are written, for example `registry.example/mirror/redis`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** With its algorithm, for example `sha256:…`. */
  readonly digest: string | undefined;
}

/** Parses an image's name. A tag follows the last colon after the last slash, so a registry's port is not a tag. */
export function splitImageName(name: string): ImageNameParts {
  const [named = "", digest] = name.split("@", 2);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  return {
    repository: colon < 0 ? named : named.slice(0, colon),
    tag: colon < 0 ? undefined : named.slice(colon + 1),
    digest,
  };
}

/** The registry that an image's name begins with; `undefined` where it names none, which means Docker Hub. */
export function namedRegistry(name: string): string | undefined {
  const [first = "", ...rest] = name.split("/");
  return rest.length > 0 && /[.:]|^localhost$/u.test(first) ? first : undefined;
}

/** A repository as Docker's client shows it: without the default registry and its default folder. */
export function familiarRepository(repository: string): string {
  return repository.replace(/^(?:index\.)?docker\.io\//u, "").replace(/^library\//u, "");
}

/** An image's name as Docker's client sends it (moby client/service_create.go, `imageWithTagString`): with the default tag if there is neither tag nor digest. */
export function familiarImage(name: string): string {
  const { tag, digest } = splitImageName(name);
  const familiar = familiarRepository(name);
  return tag === undefined && digest === undefined ? `${familiar}:latest` : familiar;
}
