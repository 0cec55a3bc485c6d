import type { RegistryCredentials } from "./docker-reads.ts";

/** What the provider's setting `registryAuth` says of a registry. */
export interface RegistryAuth {
  readonly address: string;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
}

/** The registry of an image, as its name says it; `docker.io` where it names none. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** Finds the credentials for an image among those of the provider's configuration. */
export function credentialsAmong(
  registryAuth: readonly RegistryAuth[],
): (image: string) => RegistryCredentials | undefined {
  const byRegistry = new Map(
    registryAuth.map(({ address, username, password }) => [
      address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "",
      { serveraddress: address, username: username ?? "", password: password ?? "" },
    ]),
  );
  return (image) => {
    const registry = registryOf(image);
    return byRegistry.get(registry) ?? (registry === "docker.io" ? byRegistry.get("registry-1.docker.io") : undefined);
  };
}
