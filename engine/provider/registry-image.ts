/** The digest that a registry has for an image: `docker:index/getRegistryImage:getRegistryImage`. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { InputError, showValue } from "../../model/input-error.ts";
import type { RegistryCredentials } from "../../swarm/docker-reads.ts";

/** An image's name, taken apart as Docker does it (distribution/reference, `ParseNormalizedNamed`). */
export interface ImageName {
  registry: string;
  repository: string;
  /** A tag or a digest. */
  reference: string;
}

/** Takes an image's name apart; `redis` is `library/redis` with the tag `latest` at `registry-1.docker.io`. */
export function parseImageName(name: string): ImageName {
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? rest.join("/") : name;
  const match = /^(?<repository>[^@:]+)(?::(?<tag>[^@]+))?(?:@(?<digest>.+))?$/.exec(path)?.groups;
  if (match?.["repository"] === undefined) {
    throw new InputError({
      path: "getRegistryImage: name",
      expected: "an image's name, [<registry>/]<repository>[:<tag>]",
      got: showValue(name),
      fix: "Correct it in the program",
    });
  }
  const { repository, tag, digest } = match;
  const isOfficial = !hasRegistry && !repository.includes("/");
  return {
    registry: hasRegistry && first !== "docker.io" ? first : "registry-1.docker.io",
    repository: isOfficial ? `library/${repository}` : repository,
    reference: digest ?? tag ?? "latest",
  };
}

/** Every kind of manifest, lists first: the digest of a list is what `docker pull` shows. */
const manifestTypes = [
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
].join(", ");

const answerLimitMs = 3000;

/**
 * Asks a registry for the digest of an image (https://distribution.github.io/distribution/spec/api/).
 *
 * Registries of this machine may answer without TLS, as Docker itself takes them; all others must have it.
 *
 * @param limitMs - how long it may take, token and all; default 3000
 * @throws InputError that names the image and its registry
 */
export async function registryDigest(
  name: string,
  credentials: RegistryCredentials | undefined,
  limitMs: number = answerLimitMs,
): Promise<string> {
  const image = parseImageName(name);
  const signal = AbortSignal.timeout(limitMs);
  const failures: string[] = [];
  for (const protocol of isLoopback(image.registry) ? ["https", "http"] : ["https"]) {
    try {
      return await manifestDigest(`${protocol}://${image.registry}`, image, credentials, signal);
    } catch (error) {
      failures.push(signal.aborted ? `no answer within ${limitMs / 1000} s` : wordsOf(error));
      // A registry that has answered would say the same again.
      if (error instanceof RegistryRefusal) break;
    }
  }
  throw new InputError({
    path: "getRegistryImage: name",
    expected: `an image that the registry ${image.registry} has`,
    got: `${showValue(name)}: ${failures.at(-1) ?? "no answer"}`,
    fix: "Correct the name, start the registry, or give its credentials in registryAuth",
  });
}

class RegistryRefusal extends Error {}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d+){3}$/.test(host);
}

async function manifestDigest(
  origin: string,
  { repository, reference }: ImageName,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const url = `${origin}/v2/${repository}/manifests/${reference}`;
  const ask = (method: "HEAD" | "GET", authorization: string | undefined) =>
    fetch(url, {
      method,
      signal,
      headers: { accept: manifestTypes, ...(authorization !== undefined && { authorization }) },
    });
  let authorization = credentials && basicAuthorization(credentials);
  let answer = await ask("HEAD", authorization);
  const challenge = answer.headers.get("www-authenticate") ?? "";
  if (answer.status === 401 && challenge.toLowerCase().startsWith("bearer ")) {
    authorization = `Bearer ${await fetchToken(challenge, repository, credentials, signal)}`;
    answer = await ask("HEAD", authorization);
  }
  if (answer.ok && !answer.headers.has("docker-content-digest")) answer = await ask("GET", authorization);
  if (!answer.ok) throw new RegistryRefusal(`${answer.status} ${answer.statusText || "refused"}`);
  const digest = answer.headers.get("docker-content-digest");
  if (digest !== null) return digest;
  return `sha256:${createHash("sha256")
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest("hex")}`;
}

function basicAuthorization({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

const tokenSchema = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/** Fetches a token as the challenge says (https://distribution.github.io/distribution/spec/auth/token/). */
async function fetchToken(
  challenge: string,
  repository: string,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const parameters = new Map([...challenge.matchAll(/\b(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const realm = parameters.get("realm");
  if (realm === undefined || !URL.canParse(realm))
    throw new RegistryRefusal(`a challenge without a realm: ${challenge}`);
  const url = new URL(realm);
  url.searchParams.set("service", parameters.get("service") ?? "");
  url.searchParams.set("scope", parameters.get("scope") ?? `repository:${repository}:pull`);
  const answer = await fetch(url, {
    signal,
    ...(credentials && { headers: { authorization: basicAuthorization(credentials) } }),
  });
  if (!answer.ok) throw new RegistryRefusal(`${answer.status} ${answer.statusText} from ${url.host}`);
  const { token, access_token: accessToken } = tokenSchema.parse(await answer.json());
  const found = token ?? accessToken;
  if (found === undefined) throw new RegistryRefusal(`no token from ${url.host}`);
  return found;
}
