import type { Service } from "../../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../../swarm/api/reads.ts";
import { listNodes, pingEngine } from "../../../swarm/engine/connection.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { addressesOf, answers } from "../../../swarm/engine/reachable-address.ts";
import { advised, advisedDocker } from "../../../text/advised-command.ts";
import { SituationError } from "../../../text/situation-error.ts";
import type { CommandContext } from "../../context/context.ts";
import { findEngineToRead } from "../../context/find-swarm.ts";
import { type StackService, stackServices } from "../../context/stack-services.ts";
import { RedisConnection } from "./connection.ts";

/** The services of the stack's components, as its state has them. */
export async function servicesOf({ state, output }: CommandContext): Promise<StackService[]> {
  const { resources } = await state();
  const services = stackServices(resources.filter(({ isLeftOver }) => !isLeftOver));
  for (const { password } of services) if (password !== undefined) output.conceal(password);
  return services;
}

/** Where a service is. */
export interface ReachedService {
  /** The hostname of the node of its task. */
  readonly node: string;
  /** `host:port` of its published port, where that accepts connections. */
  readonly endpoint: { readonly host: string; readonly port: number } | undefined;
  /** What was tried. */
  readonly tried: readonly string[];
  /** Why no task can answer, as it reads after "the service". */
  readonly lack?: "does not exist" | "is scaled to 0" | undefined;
}

/**
 * Finds the node of a service's task, and an address at which its published port is reached from here.
 *
 * @throws EngineError when no engine answers
 */
export async function reachService(context: CommandContext, { name, port }: StackService): Promise<ReachedService> {
  const connection = await findEngineToRead(context);
  await pingEngine(connection);
  const service = await inspectService(connection.docker, name);
  const lack = lackOf(service);
  if (service === undefined || lack !== undefined) return { node: "none", endpoint: undefined, tried: [], lack };
  const node = await nodeOf(connection, service);
  if (node === undefined || port === undefined) return { node: node ?? "none", endpoint: undefined, tried: [] };
  const addresses = addressesOf(node, await listNodes(connection), connection);
  for (const host of addresses) {
    if (await answers(host, port)) return { node, endpoint: { host, port }, tried: [] };
  }
  return { node, endpoint: undefined, tried: addresses.map((host) => `${host}:${port}`) };
}

/**
 * Connects to a Redis of the stack as the user of its applications, with the password from the stack's state.
 *
 * @throws SituationError when it cannot be reached, or rejects that user
 */
export async function connectRedis(
  service: StackService,
  { node, endpoint, tried, lack }: ReachedService,
): Promise<RedisConnection> {
  const subject = `The service ${service.name}`;
  if (lack !== undefined) {
    throw new SituationError({
      what: `${subject} ${lack}`,
      fix: `Bring it back, with its data, with \`${advised("up", "--refresh")}\``,
    });
  }
  if (endpoint === undefined) {
    throw new SituationError(
      service.port === undefined
        ? {
            what: `${subject} has no published port`,
            fix: `Give it a publishedPort, or use \`${advisedDocker("exec")}\` in its container on ${node}`,
          }
        : {
            what: `${subject} does not answer on ${tried.join(" or ") || "its port"}`,
            fix: `Find out why with \`${advisedDocker(`service ps --no-trunc ${service.name}`)}\``,
          },
    );
  }
  const { username, password, authority } = service;
  const redis = await RedisConnection.open({ ...endpoint, authority });
  if (password === undefined) return redis;
  const reply = await redis.send("auth", username ?? "default", password);
  if (reply.kind !== "error") return redis;
  redis[Symbol.dispose]();
  throw new SituationError({
    what: `${subject} rejected the user ${username ?? "default"} with the password from the stack's state: ${reply.bytes.toString()}`,
    fix: `Apply the state to it with \`${advised("up")}\``,
  });
}

function lackOf(service: Service | undefined): ReachedService["lack"] {
  if (service === undefined) return "does not exist";
  return service.Spec.Mode.Replicated?.Replicas === 0 ? "is scaled to 0" : undefined;
}

async function nodeOf(connection: EngineConnection, service: Service): Promise<string | undefined> {
  const tasks = await listTasks(connection.docker, service.ID);
  const running = tasks.find(({ DesiredState, Status }) => DesiredState === "running" && Status.State === "running");
  return (await listNodes(connection)).find(({ id }) => id === running?.NodeID)?.hostname;
}
