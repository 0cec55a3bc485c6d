import { Redis } from "ioredis";
import { advised } from "../model/advised-command.ts";
import { InputError } from "../model/input-error.ts";
import { listNodes } from "../swarm/connection.ts";
import type { CommandContext } from "./context.ts";
import { findEngineToRead } from "./find-swarm.ts";
import { ownProject } from "./first-configuration.ts";
import { addressesOf, answers } from "../swarm/reachable-address.ts";

/** How long a server may take to accept a connection, in milliseconds. */
const connectLimitMs = 3000;

/** A service's Redis, and where it was reached. */
export interface ReachedRedis extends Disposable {
  readonly client: Redis;
  /** `host:port`. */
  readonly endpoint: string;
}

/** The outputs of a stack with one Redis, as the program exports them (index.ts). */
export interface RedisOutputs {
  service: string;
  node: string;
  port: number;
  username: string;
}

/** Picks from a stack's outputs what tells where its Redis is; undefined for a stack that has none. */
export function redisOutputs(outputs: Record<string, unknown>): RedisOutputs | undefined {
  const { service, node, port, username } = outputs;
  if (typeof service !== "string" || typeof node !== "string" || typeof username !== "string") return undefined;
  const number = Number(port);
  return Number.isInteger(number) ? { service, node, port: number, username } : undefined;
}

/**
 * Connects to the stack's Redis with the stack's own password.
 *
 * @throws InputError when the stack has none, or none answers
 */
export async function connectRedis(context: CommandContext): Promise<ReachedRedis> {
  const engine = await context.engine();
  const outputs = redisOutputs(await engine.outputs(context.location, false));
  if (outputs === undefined)
    throw new InputError({
      path: `stack ${context.location.stackName}`,
      expected: "a Redis that is up",
      got: "none",
      fix: `Create it with \`${advised("up")}\``,
    });
  const password = (await (await context.stack()).getConfig(`${ownProject}:password`))?.value;
  if (password !== undefined) context.output.conceal(password);
  const connection = await findEngineToRead(context);
  const addresses = addressesOf(outputs.node, await listNodes(connection), connection);
  for (const host of addresses) {
    if (!(await answers(host, outputs.port))) continue;
    const client = new Redis({
      host,
      port: outputs.port,
      username: outputs.username,
      ...(password !== undefined && { password }),
      // The shapes of redis-cli's own protocol.
      protocol: 2,
      lazyConnect: true,
      connectTimeout: connectLimitMs,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
    });
    // Failures are told to whoever calls; without a listener ioredis writes them to standard error.
    client.on("error", () => undefined);
    await client.connect();
    return {
      client,
      endpoint: `${host}:${outputs.port}`,
      [Symbol.dispose]: () => {
        client.disconnect();
      },
    };
  }
  throw new InputError({
    path: `service ${outputs.service}`,
    expected: `an answer on ${addresses.map((host) => `${host}:${outputs.port}`).join(" or ")}`,
    got: "none",
    fix: `See why with \`docker service ps --no-trunc ${outputs.service}\``,
  });
}
