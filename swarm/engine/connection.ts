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

/** Why an engine cannot be used as it is. */
export type EngineProblem = "not reachable" | "no permission" | "not in a swarm" | "swarm locked" | "not a manager";

/** An engine that cannot be used; {@link EngineError.problem} says why, for callers that know a way on. */
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
        client = new (loadDocker())(options);
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
 * Asks the engine for a sign of life; takes at most `limitMs` (default 3000) also when nothing answers.
 *
 * @throws EngineError `not reachable` or `no permission`.
 */
export async function pingEngine(connection: EngineConnection, limitMs: number = pingLimitMs): Promise<void> {
  // Loading the client takes a busy machine seconds that are not the engine's.
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

const swarmStates = ["inactive", "pending", "active", "error", "locked"] as const;

const infoSchema = z.object({
  Name: z.string(),
  ServerVersion: z.string(),
  Swarm: z.object({
    NodeID: z.string(),
    NodeAddr: z.string(),
    LocalNodeState: z.enum(swarmStates).or(z.literal("").transform(() => "inactive" as const)),
    ControlAvailable: z.boolean(),
    Error: z.string().optional(),
  }),
});

/** What an engine says of its own place in a swarm (Docker Engine API `GET /info`). */
export interface SwarmMembership {
  readonly state: (typeof swarmStates)[number];
  readonly isManager: boolean;
  /** Empty while the engine is in no swarm. */
  readonly nodeId: string;
  /** The address that the node advertises to the others; empty while in no swarm. */
  readonly nodeAddress: string;
  readonly hostname: string;
  readonly engineVersion: string;
}

/** Asks the engine whether it is in a swarm, and as what. */
export async function swarmMembership(connection: EngineConnection): Promise<SwarmMembership> {
  return membershipIn(await connection.docker.info());
}

/**
 * Reads an answer to `GET /info`.
 *
 * @throws EngineAnswerError when it is in another form
 */
export function membershipIn(info: unknown): SwarmMembership {
  const { Name, ServerVersion, Swarm } = readAnswer(infoSchema, info);
  return {
    state: Swarm.LocalNodeState,
    isManager: Swarm.ControlAvailable,
    nodeId: Swarm.NodeID,
    nodeAddress: Swarm.NodeAddr,
    hostname: Name,
    engineVersion: ServerVersion,
  };
}

/**
 * Makes sure that the engine answers and is a manager of a swarm.
 *
 * @throws EngineError with one of the five problems; `not in a swarm` names both ways on.
 */
export async function requireManager(connection: EngineConnection): Promise<SwarmMembership> {
  await pingEngine(connection);
  const membership = await swarmMembership(connection);
  if (membership.state === "active" && membership.isManager) return membership;
  const path = engineLabel(connection);
  switch (membership.state) {
    case "active":
      throw new EngineError("not a manager", {
        path,
        expected: "a manager of the swarm",
        got: `the worker ${showValue(membership.hostname)}`,
        fix: "Point DOCKER_HOST or the docker context at a manager, or run `docker node promote` for this node on one",
      });
    case "locked":
      throw new EngineError("swarm locked", {
        path,
        expected: "an unlocked swarm manager",
        got: "a manager whose swarm is locked",
        fix: "Run `docker swarm unlock` there",
      });
    case "inactive":
    case "pending":
    case "error":
      throw new EngineError("not in a swarm", {
        path,
        expected: "a manager of a swarm",
        got: `an engine whose swarm state is ${showValue(membership.state)}`,
        fix: orSandbox(["Run `docker swarm init` on it"]),
      });
  }
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

const nodeSchema = z.object({
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
});

/** A node of the swarm, as `docker node inspect` shows it. */
export interface ListedNode {
  readonly id: string;
  readonly hostname: string;
  readonly role: "worker" | "manager";
  readonly availability: "active" | "pause" | "drain";
  readonly state: "unknown" | "down" | "ready" | "disconnected";
  /** The address at which the managers see the node. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Lists the nodes of the swarm that this manager belongs to, by hostname. */
export async function listNodes(connection: EngineConnection): Promise<ListedNode[]> {
  const nodes = readAnswer(z.array(nodeSchema), await connection.docker.listNodes());
  return nodes
    .map(({ ID, Spec, Description, Status }) => ({
      id: ID,
      hostname: Description.Hostname,
      role: Spec.Role,
      availability: Spec.Availability,
      state: Status.State,
      address: Status.Addr,
      labels: Spec.Labels ?? {},
    }))
    .sort((a, b) => a.hostname.localeCompare(b.hostname) || a.id.localeCompare(b.id));
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
    fix: waysOn(connection),
  });
}

function waysOn({ source, setting }: EngineAddress): string {
  switch (source) {
    case "default socket":
      return orSandbox(["Start Docker", "point DOCKER_HOST at an engine"]);
    case "sandbox":
      return `Start it by \`${advised("sandbox start")}\``;
    default:
      return `Correct ${setting}, or start the engine there`;
  }
}

/**
 * Ways to a swarm, the sandbox among them for who may start one.
 *
 * @param isRoot - on Linux; default: whether this process is
 */
export function orSandbox(
  ways: readonly string[],
  isRoot: boolean = process.platform === "linux" && process.geteuid?.() === 0,
): string {
  const sandbox = `use a throwaway swarm of Holdfast's own: \`${advised("sandbox start")}\``;
  const all = isRoot ? [...ways, sandbox] : ways;
  return [...(all.length > 1 ? [all.slice(0, -1).join(", ")] : []), all.at(-1)].join(", or ");
}

/** Loaded when an engine is asked for the first time: with SSH and what it builds images with, it is a large part of a command's start. */
function loadDocker(): typeof Docker {
  // What the package's own types say of it.
  return createRequire(import.meta.url)("dockerode") as typeof Docker;
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
