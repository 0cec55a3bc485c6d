import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { advised } from "../../text/advised-command.ts";
import { SituationError } from "../../text/situation-error.ts";
import { startDaemon } from "../host/daemon.ts";
import { endOwnedProcesses, findOwnedProcesses, ownerMark, ownerVariable } from "../host/owned-process.ts";
import type { Toolbox } from "../host/toolbox.ts";

/** A registry that a lab runs for itself. */
export interface PrivateRegistry {
  /** `host:port` that it listens on; it speaks plain HTTP. */
  readonly address: string;
  /** The lab's id. */
  readonly lab: string;
  /** Where it keeps its images, its configuration and its log. */
  readonly directory: string;
}

/** The name under which a registry's processes are known within their lab. */
const registryPart = "registry";

const answerLimitMs = 3000;

/** Whether the registry runs and answers. */
export async function isRegistryUp(registry: PrivateRegistry): Promise<boolean> {
  const processes = await findOwnedProcesses(registry.lab, registryPart);
  if (processes.length === 0) return false;
  return (await ask(registry, "GET", "/v2/"))?.ok ?? false;
}

/**
 * Starts a registry (Debian's `docker-registry`) and waits until it answers.
 *
 * @throws SituationError when its port is taken, or with the last lines of its log when it does not start.
 */
export async function startRegistry(registry: PrivateRegistry, toolbox: Toolbox): Promise<true> {
  await endOwnedProcesses(registry.lab, registryPart);
  const { host, port } = splitAddress(registry.address);
  if ((await tryPort(host, port)) === undefined) {
    throw new SituationError({
      what: `The registry cannot start: another process listens on ${registry.address}`,
      fix: `End that process (\`ss -ltnp 'sport = :${port}'\` shows it), or remove the sandbox with \`${advised("sandbox stop")}\` to begin with another port`,
    });
  }
  await mkdir(registry.directory, { recursive: true });
  const configPath = join(registry.directory, "config.yml");
  await writeFile(configPath, stringify(registryConfig(registry)));
  return startDaemon({
    name: "registry",
    command: ["docker-registry", "serve", configPath],
    environment: { ...toolbox.environment, [ownerVariable]: ownerMark(registry.lab, registryPart) },
    logPath: join(registry.directory, "registry.log"),
    ready: async () => (await isRegistryUp(registry)) || undefined,
  });
}

function registryConfig(registry: PrivateRegistry) {
  return {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storageOf(registry) },
      // Every user of this machine reaches its port.
      maintenance: { readonly: { enabled: true } },
    },
    http: { addr: registry.address },
  };
}

/** The registry of a sandbox or a lab. */
export function labRegistry(lab: {
  readonly directory: string;
  readonly registryAddress: string;
}): Pick<PrivateRegistry, "address" | "directory"> {
  return { address: lab.registryAddress, directory: join(lab.directory, "registry") };
}

/** An image as a registry keeps it: its blobs, and the manifest that names them. */
export interface PushableImage {
  readonly repository: string;
  readonly tag: string;
  readonly blobs: readonly Uint8Array<ArrayBuffer>[];
  readonly manifest: string;
  readonly manifestMediaType: string;
}

/**
 * Puts an image into a registry and returns its reference, `host:port/repository:tag@sha256:…`. The registry itself accepts no
 * pushes: what it serves is put into its folder (distribution: registry/storage/paths.go).
 */
export async function pushImage(
  { address, directory }: Pick<PrivateRegistry, "address" | "directory">,
  image: PushableImage,
): Promise<string> {
  const root = join(storageOf({ directory }), "docker/registry/v2");
  const repository = join(root, "repositories", image.repository);
  const lay = async (folder: string, name: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(folder, { recursive: true });
    // Whole or not at all, for the registry may be reading.
    await writeFile(join(folder, `${name}.new`), content);
    await rename(join(folder, `${name}.new`), join(folder, name));
  };
  const layBlob = async (content: string | Uint8Array): Promise<string> => {
    const digest = sha256(content);
    const hex = hexOf(digest);
    await lay(join(root, "blobs/sha256", hex.slice(0, 2), hex), "data", content);
    return digest;
  };
  for (const blob of image.blobs) {
    const digest = await layBlob(blob);
    await lay(join(repository, "_layers/sha256", hexOf(digest)), "link", digest);
  }
  const digest = await layBlob(image.manifest);
  await lay(join(repository, "_manifests/revisions/sha256", hexOf(digest)), "link", digest);
  const tag = join(repository, "_manifests/tags", image.tag);
  await lay(join(tag, "index/sha256", hexOf(digest)), "link", digest);
  await lay(join(tag, "current"), "link", digest);
  return `${address}/${image.repository}:${image.tag}@${digest}`;
}

function storageOf({ directory }: Pick<PrivateRegistry, "directory">): string {
  return join(directory, "storage");
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}

/** Whether the registry holds the image of a reference that {@link pushImage} returned. */
export async function hasImage(registry: PrivateRegistry, reference: string): Promise<boolean> {
  const [, repository, digest] = /^[^/]+\/(.+):[^:@]+@(sha256:[0-9a-f]{64})$/.exec(reference) ?? [];
  if (repository === undefined || digest === undefined) return false;
  return (await ask(registry, "HEAD", `/v2/${repository}/manifests/${digest}`))?.ok ?? false;
}

/** The digest of a blob or a manifest: `sha256:` and 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The preferred port if it is free on an address, else any that is. */
export async function freePort(host: string, preferred: number): Promise<number> {
  return (await tryPort(host, preferred)) ?? (await tryPort(host, 0)) ?? preferred;
}

/** The number of a free port, any for 0; undefined for one that is taken. */
function tryPort(host: string, port: number): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const server = createServer();
  server.once("error", (error) => {
    if ("code" in error && error.code === "EADDRINUSE") resolve(undefined);
    else reject(error);
  });
  server.listen(port, host, () => {
    const { port: found } = z.object({ port: z.number() }).parse(server.address());
    server.close(() => {
      resolve(found);
    });
  });
  return promise;
}

/** Asks without expecting an answer: undefined when there is none within 3 s; its body is not read. */
async function ask(registry: PrivateRegistry, method: string, path: string): Promise<Response | undefined> {
  try {
    const answer = await fetch(`http://${registry.address}${path}`, {
      method,
      redirect: "error",
      headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
      signal: AbortSignal.timeout(answerLimitMs),
    });
    await answer.body?.cancel();
    return answer;
  } catch {
    return undefined;
  }
}

function splitAddress(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}
