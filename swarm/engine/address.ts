import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { InputError, showValue } from "../../text/input-error.ts";
import { readRegularFile } from "./regular-file.ts";

/** Where the address of an engine came from, in the order in which the docker CLI looks, and a project's sandbox. */
type EngineSource = "argument" | "DOCKER_HOST" | "context" | "default socket" | "sandbox";

/** The certificates of a connection over TLS, in PEM. */
interface EngineCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The address of a Docker engine, before anything has been asked of it. */
export interface EngineAddress {
  /** A URL as DOCKER_HOST takes it: `unix://`, `tcp://` or `ssh://`. */
  readonly host: string;
  readonly source: EngineSource;
  /** The setting that gave the address, as a person would look for it: `DOCKER_HOST`, `docker context "build"`. */
  readonly setting: string;
  readonly certificates?: EngineCertificates;
}

/** What {@link locateEngine} looks at; all of it defaults to this process' own surroundings. */
export interface EngineLookup {
  /** A host that was named explicitly; nothing else is looked at. */
  readonly host?: string | undefined;
  /** A docker context that was named explicitly. */
  readonly context?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
}

const defaultHost = "unix:///var/run/docker.sock";

/**
 * Finds the engine that the docker CLI would use: an explicit host, `DOCKER_HOST`, the context of `DOCKER_CONTEXT` or of
 * `currentContext` in Docker's `config.json`, else the default socket. Nothing is contacted.
 *
 * Order and places: docker/cli `cli/command/cli.go` (`resolveContextName`) and `cli/context/store`.
 *
 * @throws InputError for a context that does not exist or cannot be read, and for missing certificates.
 */
export function locateEngine(lookup: EngineLookup = {}): EngineAddress {
  const environment = lookup.environment ?? process.env;
  const dockerDirectory = environment["DOCKER_CONFIG"] ?? join(lookup.homeDirectory ?? homedir(), ".docker");
  const certificates = (host: string) => environmentCertificates(host, environment, dockerDirectory);

  if (lookup.host !== undefined) {
    return { host: lookup.host, source: "argument", setting: "host", ...certificates(lookup.host) };
  }
  if (lookup.context !== undefined) return contextOrDefault(dockerDirectory, lookup.context);
  const dockerHost = environment["DOCKER_HOST"];
  if (dockerHost) {
    return { host: dockerHost, source: "DOCKER_HOST", setting: "DOCKER_HOST", ...certificates(dockerHost) };
  }
  return contextOrDefault(dockerDirectory, environment["DOCKER_CONTEXT"] || currentContext(dockerDirectory));
}

/** Settings of the Docker provider that say which engine it talks to; the names are its own. */
export interface ProviderSettings {
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem`. */
  readonly certPath?: string | undefined;
  /** PEM, as are the next two. */
  readonly caMaterial?: string | undefined;
  readonly certMaterial?: string | undefined;
  readonly keyMaterial?: string | undefined;
}

/**
 * Finds the engine that the Docker provider would use: the context, else the host, of its settings or of its environment, else the
 * default socket. It never looks at the docker CLI's current context.
 *
 * Order and names: kreuzwerker/terraform-provider-docker `internal/provider/provider.go` (`configure`) and `config.go` (`NewClient`).
 *
 * @throws InputError as {@link locateEngine} does
 */
export function locateProviderEngine(
  settings: ProviderSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): EngineAddress {
  const context = settings.context || environment["DOCKER_CONTEXT"];
  if (context) return locateEngine({ context, environment });
  const host = settings.host || environment["DOCKER_HOST"] || defaultHost;
  const certificates = providerCertificates(settings, environment);
  return { host, source: "argument", setting: "the Docker provider's host", ...(certificates && { certificates }) };
}

function providerCertificates(
  settings: ProviderSettings,
  environment: Readonly<Record<string, string | undefined>>,
): EngineCertificates | undefined {
  const ca = settings.caMaterial || environment["DOCKER_CA_MATERIAL"];
  const cert = settings.certMaterial || environment["DOCKER_CERT_MATERIAL"];
  const key = settings.keyMaterial || environment["DOCKER_KEY_MATERIAL"];
  if (ca && cert && key) return { ca, cert, key };
  const directory = settings.certPath || environment["DOCKER_CERT_PATH"];
  return directory ? readCertificates(directory) : undefined;
}

function contextOrDefault(dockerDirectory: string, context: string | undefined): EngineAddress {
  if (context !== undefined && context !== "default") return readContext(dockerDirectory, context);
  return { host: defaultHost, source: "default socket", setting: "Docker's default socket" };
}

function environmentCertificates(
  host: string,
  environment: Readonly<Record<string, string | undefined>>,
  dockerDirectory: string,
): { certificates?: EngineCertificates } {
  if (!environment["DOCKER_TLS_VERIFY"] || !host.startsWith("tcp://")) return {};
  const directory = environment["DOCKER_CERT_PATH"] ?? dockerDirectory;
  const certificates = readCertificates(directory);
  if (certificates) return { certificates };
  throw new InputError({
    path: "DOCKER_TLS_VERIFY",
    expected: `ca.pem, cert.pem and key.pem in ${directory}`,
    got: "a folder without them",
    fix: "Set DOCKER_CERT_PATH to the folder that holds them",
  });
}

function readCertificates(directory: string): EngineCertificates | undefined {
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => readText(join(directory, name)));
  return ca !== undefined && cert !== undefined && key !== undefined ? { ca, cert, key } : undefined;
}

const configSchema = z.object({ currentContext: z.string().optional() });

function currentContext(dockerDirectory: string): string | undefined {
  const path = join(dockerDirectory, "config.json");
  const text = readText(path);
  return text === undefined ? undefined : parseJson(path, text, configSchema).currentContext || undefined;
}

const contextSchema = z.object({
  Endpoints: z.object({ docker: z.object({ Host: z.string().min(1), SkipTLSVerify: z.boolean().optional() }) }),
});

/** A context is in `contexts/meta/<sha256 of its name>/meta.json`, its certificates in `contexts/tls/<same>/docker/`. */
function readContext(dockerDirectory: string, name: string): EngineAddress {
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(dockerDirectory, "contexts", "meta", id, "meta.json");
  const text = readText(path);
  if (text === undefined) {
    throw new InputError({
      path: "docker context",
      expected: "a context that exists",
      got: showValue(name),
      fix: "Choose one of `docker context ls` with `docker context use`, or unset DOCKER_CONTEXT",
    });
  }
  const { Host, SkipTLSVerify } = parseJson(path, text, contextSchema).Endpoints.docker;
  if (SkipTLSVerify === true) {
    throw new InputError({
      path: `docker context ${showValue(name)}`,
      expected: "a context that verifies the engine's certificate",
      got: "skip-tls-verify",
      fix: "Give the context the engine's ca.pem with `docker context update`",
    });
  }
  const certificates = readCertificates(join(dockerDirectory, "contexts", "tls", id, "docker"));
  return {
    host: Host,
    source: "context",
    setting: `docker context ${showValue(name)}`,
    ...(certificates ? { certificates } : {}),
  };
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path);
  } catch (error) {
    if (z.object({ code: z.enum(["ENOENT", "ENOTDIR"]) }).safeParse(error).success) return undefined;
    throw new InputError({
      path,
      expected: "a file that can be read",
      got: error instanceof Error ? error.message : String(error),
      fix: "Make it readable for this user",
    });
  }
}

function parseJson<T>(path: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    throw new InputError({
      path,
      expected: "a file as the docker CLI writes it",
      got: issue ? `${issue.path.join(".")}: ${issue.message}` : "text that is not JSON",
      fix: "Repair or remove the file",
    });
  }
}
