/** The credentials for a registry, as the Docker provider finds them (terraform-provider-docker, `providerSetToRegistryAuth`). */
import { homedir } from "node:os";
import { statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { namedRegistry } from "../../text/image-name.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { readRegularFile } from "../engine/regular-file.ts";
import type { RegistryCredentials } from "./reads.ts";

/** One registry of the provider's setting `registryAuth`. */
export const registryAuthSchema = z.strictObject({
  address: z.string(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  configFile: z.string().nullish(),
  configFileContent: z.string().nullish(),
  authDisabled: z.boolean().nullish(),
});

/** What the provider's setting `registryAuth` says of a registry. */
type RegistryAuth = z.infer<typeof registryAuthSchema>;

/** The registries of a setting, from its JSON; a setting that cannot be read names none, and the provider itself reports why. */
export function parseRegistryAuth(text: string | undefined): readonly RegistryAuth[] {
  return z.array(registryAuthSchema).safeParse(jsonOrUndefined(text ?? "")).data ?? [];
}

/**
 * Finds the credentials for an image; `undefined` where there are none.
 *
 * @throws InputError where the file that has them, or the program that keeps them, cannot be asked
 */
export type CredentialsFor = (image: string) => Promise<RegistryCredentials | undefined>;

/** The registry of an image, as its name says it; `docker.io` where it names none. */
export function registryOf(image: string): string {
  return namedRegistry(image) ?? "docker.io";
}

/** The names that Docker Hub has. */
const dockerHub = ["registry-1.docker.io", "index.docker.io", "docker.io", "registry.hub.docker.com"];

/**
 * Finds the credentials for an image among those of the provider's configuration: what is written there, else the variables
 * `DOCKER_REGISTRY_USER` and `DOCKER_REGISTRY_PASS`, else what `docker login` keeps. A registry that is not named there has none.
 */
export function credentialsAmong(
  registryAuth: readonly RegistryAuth[],
  environment: NodeJS.ProcessEnv = process.env,
): CredentialsFor {
  return async (image) => {
    const names = namesOf(registryOf(image));
    const auth = registryAuth.findLast(({ address }) => names.includes(hostOf(address)));
    if (auth === undefined) return undefined;
    const { username, password } = await userOf(auth, environment);
    return username === "" ? undefined : { serveraddress: auth.address, username, password };
  };
}

/**
 * The credentials that `docker login` keeps for an image's registry, as `docker service create --with-registry-auth` sends them. Where
 * there are none, or the program that keeps them does not answer, the image may need none.
 */
export async function loginFor(
  image: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<RegistryCredentials | undefined> {
  // These two are for the registries of docker:registryAuth.
  const { DOCKER_REGISTRY_USER: _, DOCKER_REGISTRY_PASS: __, ...others } = environment;
  const find = credentialsAmong([{ address: registryOf(image) }], others);
  return find(image).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
}

/** What to do when a registry needs a login. */
export function credentialsAdvice(image: string): string {
  return `give the credentials of ${registryOf(image)} in docker:registryAuth (docs/components.md, Private registries)`;
}

function namesOf(registry: string): readonly string[] {
  return dockerHub.includes(registry) ? dockerHub : [registry];
}

/** The host of a registry's address, such as `index.docker.io` of `https://index.docker.io/v1/`. */
function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

interface User {
  readonly username: string;
  readonly password: string;
}

const nobody: User = { username: "", password: "" };

async function userOf(auth: RegistryAuth, environment: NodeJS.ProcessEnv): Promise<User> {
  // What the provider itself sends to a registry that needs no login.
  if (auth.authDisabled) return { username: "username", password: "password" };
  const username = auth.username ?? environment["DOCKER_REGISTRY_USER"] ?? "";
  if (username !== "") return { username, password: auth.password ?? environment["DOCKER_REGISTRY_PASS"] ?? "" };
  const registry = hostOf(auth.address);
  if (auth.configFileContent)
    return userIn(auth.configFileContent, "docker:registryAuth: configFileContent", registry, environment);
  const path = pathOf(auth, environment);
  try {
    return await userIn(readRegularFile(path), path, registry, environment);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError({
      path: "docker:registryAuth",
      expected: `a username and a password for ${registry}, or a Docker configuration that has them`,
      got: `neither, and no readable file ${path}`,
      fix: `Log in with \`docker login ${registry}\`, or give them in docker:registryAuth`,
    });
  }
}

function pathOf({ configFile }: RegistryAuth, environment: NodeJS.ProcessEnv): string {
  if (configFile) return configFile.replace(/^~(?=\/)/u, homedir());
  const given = environment["DOCKER_CONFIG"];
  if (!given) return join(homedir(), ".docker/config.json");
  return statSync(given, { throwIfNoEntry: false })?.isDirectory() ? join(given, "config.json") : given;
}

/** What `docker login` writes (docker/cli, cli/config/configfile). */
const dockerConfigSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

async function userIn(text: string, path: string, registry: string, environment: NodeJS.ProcessEnv): Promise<User> {
  const { data } = dockerConfigSchema.safeParse(jsonOrUndefined(text));
  if (data === undefined)
    throw new InputError({
      path,
      expected: "a Docker configuration as `docker login` writes it",
      got: "something else",
      fix: "Correct the file, or give the credentials in docker:registryAuth",
    });
  const names = namesOf(registry);
  const helper = names.map((name) => data.credHelpers?.[name]).find(Boolean) ?? data.credsStore;
  if (helper) return userFrom(helper, registry, environment);
  const [, found] = Object.entries(data.auths ?? {}).find(([address]) => names.includes(hostOf(address))) ?? [];
  if (found === undefined) return nobody;
  const [, username = found.username ?? "", password = found.password ?? ""] =
    /^([^:]*):(.*)$/su.exec(Buffer.from(found.auth ?? "", "base64").toString("utf8")) ?? [];
  return { username, password: password.replaceAll("\0", "") };
}

/** What a credential helper prints (docker/docker-credential-helpers). */
const helperSchema = z.object({ Username: z.string(), Secret: z.string() });

/** The user name that stands for a token. */
const tokenUser = "<token>";

const helperLimitMs = 30_000;

async function userFrom(helper: string, registry: string, environment: NodeJS.ProcessEnv): Promise<User> {
  const program = `docker-credential-${helper}`;
  const { stdout, failed, exitCode } = await execa(program, ["get"], {
    input: dockerHub.includes(registry) ? "https://index.docker.io/v1/" : registry,
    env: environment,
    reject: false,
    timeout: helperLimitMs,
  });
  const { data } = helperSchema.safeParse(jsonOrUndefined(stdout));
  // It has none for this registry, and says so by ending with 1.
  if (failed && /credentials not found/iu.test(stdout)) return nobody;
  if (failed || data === undefined)
    throw new InputError({
      path: "docker:registryAuth",
      expected: `the program ${program} to give the credentials of ${registry}`,
      got:
        exitCode === undefined ? "no program that runs" : failed ? `exit code ${exitCode}` : "an answer without them",
      fix: `Try \`echo ${registry} | ${program} get\`, or give the credentials in docker:registryAuth`,
    });
  return data.Username === tokenUser ? nobody : { username: data.Username, password: data.Secret };
}
