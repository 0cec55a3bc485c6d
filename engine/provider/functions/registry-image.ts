/** The digest that a registry has for an image: `docker:index/getRegistryImage:getRegistryImage`. */
import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { z } from "zod";
import type { RegistryCredentials } from "../../../swarm/api/reads.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { namedRegistry, splitImageName } from "../../../text/image-name.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { jsonOrUndefined } from "../../../text/parse-json.ts";

/** The place of an image. */
export interface RegistryImage {
  registry: string;
  repository: string;
  /** A tag or a digest. */
  reference: string;
}

/** Finds the place of an image; `redis` is `library/redis` with the tag `latest` at `registry-1.docker.io`. */
export function locateImage(name: string): RegistryImage {
  const registry = namedRegistry(name);
  const { repository: path, tag, digest } = splitImageName(name);
  const repository = registry === undefined ? path : path.slice(registry.length + 1);
  if (repository === "" || repository.includes(":") || tag === "" || digest === "") {
    throw new InputError({
      path: "getRegistryImage: name",
      expected: "an image's name, [<registry>/]<repository>[:<tag>]",
      got: showValue(name),
      fix: "Correct it in the program",
    });
  }
  const isOfficial = registry === undefined && !repository.includes("/");
  return {
    registry: registry === undefined || registry === "docker.io" ? "registry-1.docker.io" : registry,
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

/** How large a manifest or a token may be: Docker itself takes manifests of 4 MiB. */
const answerLimitBytes = 4 * 1024 * 1024;

/** Some registries redirect to a server nearby. */
const mostRedirects = 5;

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
  const image = locateImage(name);
  const signal = AbortSignal.timeout(limitMs);
  const failures: string[] = [];
  for (const protocol of isLoopback(image.registry) ? ["https", "http"] : ["https"]) {
    try {
      return await manifestDigest(`${protocol}://${image.registry}`, image, credentials, signal);
    } catch (error) {
      failures.push(signal.aborted ? `no answer within ${limitMs / 1000} s` : wordsOf(error));
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

/** A registry has answered; another attempt would give the same answer. */
class RegistryRefusal extends Error {}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return printable(error.cause instanceof Error ? error.cause.message || error.message : error.message);
}

function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d+){3}$/.test(host);
}

async function manifestDigest(
  origin: string,
  { repository, reference }: RegistryImage,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(`${origin}/v2/${repository}/manifests/${reference}`);
  const question = (method: "HEAD" | "GET", authorization: string | undefined) =>
    ask(url, { method, signal, headers: { accept: manifestTypes }, authorization });
  let authorization = credentials && basicAuthorization(credentials);
  let answer = await question("HEAD", authorization);
  const challenge = answer.headers.get("www-authenticate") ?? "";
  if (answer.status === 401 && challenge.toLowerCase().startsWith("bearer ")) {
    authorization = `Bearer ${await fetchToken(challenge, url, repository, credentials, signal)}`;
    answer = await question("HEAD", authorization);
  }
  if (answer.ok && !answer.headers.has("docker-content-digest")) answer = await question("GET", authorization);
  if (!answer.ok) throw new RegistryRefusal(statusWords(answer));
  const digest = answer.headers.get("docker-content-digest");
  if (digest === null) {
    const manifest = await contentOf(answer);
    if (!manifestSchema.safeParse(jsonOrUndefined(manifest.toString("utf8"))).success)
      throw new RegistryRefusal("something that is no manifest");
    return `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  }
  await answer.body?.cancel();
  if (!/^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/u.test(digest)) throw new RegistryRefusal("a digest that is none");
  return digest;
}

/** What all kinds of manifests have. */
const manifestSchema = z.looseObject({ schemaVersion: z.literal(2) });

interface Question {
  readonly method?: "HEAD" | "GET";
  readonly signal: AbortSignal;
  readonly headers?: Record<string, string>;
  /** For the registry itself, not for a server that it redirects to. */
  readonly authorization?: string | undefined;
}

/** Sends a request and follows redirects: never out of TLS, and never with credentials to another server. */
async function ask(url: URL, { authorization, ...question }: Question): Promise<Response> {
  let at = url;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const isTrusted = authorization !== undefined && at.origin === url.origin;
    const headers = { ...question.headers, ...(isTrusted && { authorization }) };
    const answer = await fetch(at.href, { ...question, headers, redirect: "manual" });
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status > 399 || location === null) return answer;
    await answer.body?.cancel();
    if (!URL.canParse(location, at.href)) throw new RegistryRefusal("a redirect to nowhere");
    const next = new URL(location, at);
    if (!mayFollow(at, next)) throw new RegistryRefusal(`a redirect to ${next.origin}, which is not asked`);
    at = next;
  }
  throw new RegistryRefusal(`more than ${mostRedirects} redirects`);
}

/** Whether a registry may send to an address: to one with TLS, or one of this machine to another one of it. */
function mayFollow(from: URL, to: URL): boolean {
  return to.protocol === "https:" || (to.protocol === "http:" && isLoopback(from.host) && isLoopback(to.host));
}

/** @throws RegistryRefusal when there is more than {@link answerLimitBytes} of it */
async function contentOf({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The types of Node say `any`; a body is bytes (Fetch: body mixin).
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > answerLimitBytes) throw new RegistryRefusal(`more than ${byteWords(answerLimitBytes)}`);
  }
  return Buffer.concat(chunks);
}

function statusWords({ status }: Response): string {
  return `${status} ${STATUS_CODES[status] ?? "refused"}`;
}

function basicAuthorization({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

const tokenSchema = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform(({ token, access_token: accessToken }) => token ?? accessToken)
  // What a header of HTTP can hold.
  .pipe(z.string().regex(/^[!-~]+$/u));

/** Fetches a token as the challenge says (https://distribution.github.io/distribution/spec/auth/token/). */
async function fetchToken(
  challenge: string,
  registry: URL,
  repository: string,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const parameters = new Map([...challenge.matchAll(/\b(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const realm = parameters.get("realm");
  if (realm === undefined || !URL.canParse(realm)) throw new RegistryRefusal("a challenge without a realm");
  const url = new URL(realm);
  if (!mayFollow(registry, url)) throw new RegistryRefusal(`a realm at ${url.origin}, which is not asked`);
  url.searchParams.set("service", parameters.get("service") ?? "");
  url.searchParams.set("scope", parameters.get("scope") ?? `repository:${repository}:pull`);
  const answer = await ask(url, { signal, authorization: credentials && basicAuthorization(credentials) });
  if (!answer.ok) throw new RegistryRefusal(`${statusWords(answer)} from ${url.host}`);
  const { data: token } = tokenSchema.safeParse(jsonOrUndefined((await contentOf(answer)).toString("utf8")));
  if (token === undefined) throw new RegistryRefusal(`no token from ${url.host}`);
  return token;
}
