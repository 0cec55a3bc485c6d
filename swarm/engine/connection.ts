import { createRequire } from "node:module";
import type Docker from "dockerode";
import { z } from "zod";
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { locateEngine } from "./address.ts";
import type { EngineAddress, EngineLookup } from "./address.ts";
import { afterOwnTime } from "./own-time.ts";
import { guardRequests, readAnswer, type RequestLimits } from "./requests.ts";

/** A Docker engine to talk to, and how it was found. */
export interface EngineConnection extends EngineAddress {
  readonly docker: Docker;
}

/** Why an engine cannot be used. */
export type EngineProblem = "not reachable" | "no permission" | "not in a swarm" | "swarm locked" | "not a manager";

/** An engine that cannot be used; {@link EngineError.problem} says why, for callers that can do something about it. */
export class EngineError extends InputError {
  readonly problem: EngineProblem;

  constructor(problem: EngineProblem, mistake: { path: string; expected: string; got: string; fix: string }) {
    super(mistake);
    this.problem = problem;
  }
}

/** How long an engine may take to answer the first question before it counts as not reachable. */
const pingLimitMs = 3000;

/**
 * Makes a connection object for the engine at an address; nothing is contacted yet.
 *
 * @param limits - of each request, for tests; default: what its kind may take
 */
export function connectEngine(address: EngineAddress, limits: Partial<RequestLimits> = {}): EngineConnection {
  const options = dockerOptions(address);
  let client: Docker | undefined;
  return {
    ...address,
    get docker() {
      if (client === undefined) {
        // Loaded for the first request: it is a large part of a command's start. The type is that of the package.
        const Client = createRequire(import.meta.url)("dockerode") as typeof Docker;
        client = new Client(options);
        guardRequests(client, engineLabel(address), limits);
      }
      return client;
    },
  };
}

/** {@link locateEngine}, then {@link connectEngine}. */
export function findEngine(lookup: EngineLookup = {}): EngineConnection {
  return connectEngine(locateEngine(lookup));
}

/**
 * Checks that the engine answers, within `limitMs` (default 3000).
 *
 * @throws EngineError `not reachable` or `no permission`.
 */
export async function pingEngine(connection: EngineConnection, limitMs: number = pingLimitMs): Promise<void> {
  // On a busy machine, loading the client takes seconds that are not the engine's.
  const { docker } = connection;
  const clock = new AbortController();
  const expired = Promise.withResolvers<never>();
  const stop = afterOwnTime(limitMs, () => {
    const late = new Error(`no answer within ${limitMs / 1000} s`);
    expired.reject(late);
    clock.abort(late);
  });
  // @types/dockerode lacks the options of ping; dockerode 5 takes an abortSignal (lib/docker.js).
  const ping = docker.ping.bind(docker) as (options: object) => Promise<unknown>;
  try {
    await Promise.race([ping({ abortSignal: clock.signal }), expired.promise]);
  } catch (error) {
    throw connectionError(connection, error);
  } finally {
    stop();
  }
}

/** What an engine says of its own place in a swarm (Docker Engine API `GET /info`). */
export const membershipSchema = z
  .object({
    Name: z.string(),
    ServerVersion: z.string(),
    Swarm: z.object({
      NodeID: z.string(),
      NodeAddr: z.string(),
      LocalNodeState: z
        .enum(["inactive", "pending", "active", "error", "locked"])
        .or(z.literal("").transform(() => "inactive" as const)),
      ControlAvailable: z.boolean(),
    }),
  })
  .transform(({ Name, ServerVersion, Swarm }) => ({
    state: Swarm.LocalNodeState,
    isManager: Swarm.ControlAvailable,
    /** Empty while the engine is in no swarm. */
    nodeId: Swarm.NodeID,
    /** The address that the node advertises to the others; empty while in no swarm. */
    nodeAddress: Swarm.NodeAddr,
    hostname: Name,
    engineVersion: ServerVersion,
  }));

/** An engine's own place in a swarm. */
export type SwarmMembership = z.infer<typeof membershipSchema>;

/** Asks the engine whether it is in a swarm, and as what. */
export async function swarmMembership({ docker }: EngineConnection): Promise<SwarmMembership> {
  return readAnswer(membershipSchema, await docker.info());
}

/**
 * Makes sure that the engine answers and is a manager of a swarm.
 *
 * @throws EngineError with one of the five problems
 */
export async function requireManager(connection: EngineConnection): Promise<SwarmMembership> {
  await pingEngine(connection);
  const membership = await swarmMembership(connection);
  const { state, isManager, hostname } = membership;
  if (state === "active" && isManager) return membership;
  const refused = (problem: EngineProblem, expected: string, got: string, fix: string) =>
    new EngineError(problem, { path: engineLabel(connection), expected, got, fix });
  if (state === "active")
    throw refused(
      "not a manager",
      "a manager of the swarm",
      `the worker ${showValue(hostname)}`,
      "Point DOCKER_HOST or the docker context at a manager, or run `docker node promote` for this node on one",
    );
  if (state === "locked")
    throw refused(
      "swarm locked",
      "an unlocked swarm manager",
      "a manager whose swarm is locked",
      "Run `docker swarm unlock` there",
    );
  const got = `an engine whose swarm state is ${showValue(state)}`;
  throw refused("not in a swarm", "a manager of a swarm", got, orSandbox(["Run `docker swarm init` on it"]));
}

/** Makes the engine the manager of a new swarm (Docker Engine API `POST /swarm/init`) and returns its node id. */
export async function initSwarm(
  connection: EngineConnection,
  addresses: { readonly advertise?: string; readonly listen?: string } = {},
): Promise<string> {
  const nodeId: unknown = await connection.docker.swarmInit({
    ListenAddr: addresses.listen ?? "0.0.0.0:2377",
    ...(addresses.advertise === undefined ? {} : { AdvertiseAddr: addresses.advertise }),
  });
  return readAnswer(z.string(), nodeId);
}

const nodeSchema = z
  .object({
    ID: z.string(),
    Spec: z.object({
      Role: z.enum(["worker", "manager"]),
      Availability: z.enum(["active", "pause", "drain"]),
      Labels: z.record(z.string(), z.string()).nullish(),
    }),
    Description: z.object({ Hostname: z.string() }),
    Status: z.object({
      State: z.enum(["unknown", "down", "ready", "disconnected"]),
      Addr: z.string().default(""),
    }),
  })
  .transform(({ ID, Spec, Description, Status }) => ({
    id: ID,
    hostname: Description.Hostname,
    role: Spec.Role,
    availability: Spec.Availability,
    state: Status.State,
    /** The address at which the managers see the node. */
    address: Status.Addr,
    labels: Spec.Labels ?? {},
  }));

/** A node of the swarm, as `docker node inspect` shows it. */
export type ListedNode = z.infer<typeof nodeSchema>;

/** Lists the nodes of the swarm that this manager belongs to, by hostname. */
export async function listNodes({ docker }: EngineConnection): Promise<ListedNode[]> {
  const nodes = readAnswer(z.array(nodeSchema), await docker.listNodes());
  return nodes.sort((a, b) => a.hostname.localeCompare(b.hostname) || a.id.localeCompare(b.id));
}

function engineLabel(connection: EngineAddress): string {
  return `${connection.setting} (${connection.host})`;
}

function connectionError(connection: EngineConnection, error: unknown): EngineError {
  const path = engineLabel(connection);
  const { code, message } = z
    .object({ code: z.string().optional(), message: z.string().default("an unknown error") })
    .catch({ message: String(error) })
    .parse(error);
  if (code === "EACCES" || code === "EPERM") {
    return new EngineError("no permission", {
      path,
      expected: "a socket that this user may open",
      got: "permission denied",
      fix: "Run the command as root, or add the user to the group of the socket (`sudo usermod -aG docker $USER`, then log in again)",
    });
  }
  return new EngineError("not reachable", {
    path,
    expected: "a Docker engine that answers",
    got: message || (code ?? "an unknown error"),
    fix: fixFor(connection),
  });
}

function fixFor({ source, setting }: EngineAddress): string {
  switch (source) {
    case "default socket":
      return orSandbox(["Start Docker", "point DOCKER_HOST at an engine"]);
    case "sandbox":
      return `Start it with \`${advised("sandbox start")}\``;
    default:
      return `Correct ${setting}, or start the engine there`;
  }
}

/**
 * Ways to get a swarm, including the sandbox for a user who can start one.
 *
 * @param isRoot - on Linux; default: whether this process is
 */
export function orSandbox(
  ways: readonly string[],
  isRoot: boolean = process.platform === "linux" && process.geteuid?.() === 0,
): string {
  const sandbox = `use Holdfast's throwaway swarm: \`${advised("sandbox start")}\``;
  const all = isRoot ? [...ways, sandbox] : ways;
  return [...(all.length > 1 ? [all.slice(0, -1).join(", ")] : []), all.at(-1)].join(", or ");
}

/**
 * dockerode fills what is not given from the environment (docker-modem `defaultOpts`), so everything is given here, the
 * absent as `undefined`: the address that was found is the one that is used.
 */
function dockerOptions(address: EngineAddress): Docker.DockerOptions {
  const absent = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const refused = (got: string) =>
    new InputError({
      path: address.setting,
      expected: "an engine's address, unix:///path, tcp://host:port or ssh://user@host",
      got,
      fix: "Correct it as `docker -H` would take it",
    });
  if (address.host.startsWith("unix://")) {
    const socketPath = address.host.slice("unix://".length);
    if (!socketPath.startsWith("/")) throw refused(showValue(address.host));
    return { ...absent, protocol: "http", socketPath };
  }
  const url = URL.canParse(address.host) ? new URL(address.host) : undefined;
  if (!url?.hostname) throw refused(showValue(address.host));
  switch (url.protocol) {
    case "ssh:":
      return {
        ...absent,
        protocol: "ssh",
        host: url.hostname,
        port: url.port || 22,
        username: url.username || undefined,
        sshOptions: {
          readyTimeout: pingLimitMs,
          ...(process.env["SSH_AUTH_SOCK"] ? { agent: process.env["SSH_AUTH_SOCK"] } : {}),
        },
      };
    case "tcp:":
    case "http:":
    case "https:":
      return {
        ...absent,
        ...address.certificates,
        protocol: address.certificates || url.protocol === "https:" ? "https" : "http",
        host: url.hostname,
        port: url.port || (address.certificates ? 2376 : 2375),
      };
    default:
      throw refused(showValue(address.host));
  }
}
