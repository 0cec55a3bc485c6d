import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { advised } from "../model/advised-command.ts";
import { InputError } from "../model/input-error.ts";
import { startDaemon } from "./daemon.ts";
import { endOwnedProcesses, findOwnedProcesses, ownerMark, ownerVariable } from "./owned-process.ts";
import type { Toolbox } from "./toolbox.ts";

/** Where a registry answers; it speaks plain HTTP. */
interface RegistryAddress {
  /** `host:port` that it listens on. */
  readonly address: string;
}

/** A registry that a lab runs for itself. */
export interface PrivateRegistry extends RegistryAddress {
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
 * @throws InputError when its port is taken, or with the last lines of its log when it does not start.
 */
export async function startRegistry(registry: PrivateRegistry, toolbox: Toolbox): Promise<void> {
  await endOwnedProcesses(registry.lab, registryPart);
  const { host, port } = splitAddress(registry.address);
  if (!(await isPortFree(host, port))) {
    throw new InputError({
      path: "sandbox registry",
      expected: `the port ${registry.address} to be free`,
      got: "a port that another process listens on",
      fix: `End that process (\`ss -ltnp 'sport = :${port}'\` shows it), or remove the sandbox with \`${advised("sandbox stop")}\` to begin with another port`,
    });
  }
  await mkdir(registry.directory, { recursive: true });
  const configPath = join(registry.directory, "config.yml");
  await writeFile(configPath, stringify(registryConfig(registry)));
  await startDaemon({
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
    storage: { filesystem: { rootdirectory: join(registry.directory, "storage") } },
    http: { addr: registry.address },
  };
}

/** An image as a registry takes it: its blobs, and the manifest that names them. */
export interface PushableImage {
  readonly repository: string;
  readonly tag: string;
  readonly blobs: readonly Uint8Array<ArrayBuffer>[];
  readonly manifest: string;
  readonly manifestMediaType: string;
}

/** Pushes an image (Registry HTTP API V2) and returns its reference, `host:port/repository:tag@sha256:…`. */
export async function pushImage(registry: RegistryAddress, image: PushableImage): Promise<string> {
  for (const blob of image.blobs) await pushBlob(registry, image.repository, blob);
  await request(registry, "PUT", `/v2/${image.repository}/manifests/${image.tag}`, image.manifest, {
    "Content-Type": image.manifestMediaType,
  });
  return `${registry.address}/${image.repository}:${image.tag}@${sha256(image.manifest)}`;
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
  if (await isPortFree(host, preferred)) return preferred;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const { port } = z.object({ port: z.number() }).parse(server.address());
      server.close(() => {
        resolve(port);
      });
    });
  });
}

function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (z.object({ code: z.literal("EADDRINUSE") }).safeParse(error).success) resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

async function pushBlob(registry: RegistryAddress, repository: string, blob: Uint8Array<ArrayBuffer>): Promise<void> {
  const digest = sha256(blob);
  if ((await ask(registry, "HEAD", `/v2/${repository}/blobs/${digest}`))?.ok) return;
  const upload = await request(registry, "POST", `/v2/${repository}/blobs/uploads/`);
  const location = new URL(upload.headers.get("Location") ?? "", `http://${registry.address}`);
  location.searchParams.set("digest", digest);
  await request(registry, "PUT", `${location.pathname}${location.search}`, blob, {
    "Content-Type": "application/octet-stream",
  });
}

async function request(
  registry: RegistryAddress,
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const response = await fetch(`http://${registry.address}${path}`, { method, headers, body: body ?? null });
  if (response.ok) return response;
  throw new Error(`${method} ${path}: the registry answered ${response.status} ${await response.text()}`);
}

/** Asks without expecting an answer: undefined when there is none within 3 s. */
async function ask(registry: RegistryAddress, method: string, path: string): Promise<Response | undefined> {
  try {
    return await fetch(`http://${registry.address}${path}`, {
      method,
      headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
      signal: AbortSignal.timeout(answerLimitMs),
    });
  } catch {
    return undefined;
  }
}

function splitAddress(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}
