import { dockerStatus } from "../../swarm/api/errors.ts";
import type { Task } from "../../swarm/api/objects.ts";
import { InputError } from "../../text/input-error.ts";
import { runInContainer } from "../container-command.ts";
import type { AnsweredEngine, Inventory } from "../inventory.ts";

/** How long Redis may take to answer, in milliseconds: the client in its image has no limit of its own before 7.4. */
const replyLimitMs = 10_000;

/** How to log in to a Redis. */
export interface RedisLogin {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The file in the container that holds the authority of its certificate; with it TLS is spoken. */
  readonly authorityFile?: string | undefined;
}

/** Speaks to the Redis of a task through the client program in its own container, so that no port need be published. */
export class TaskRedis {
  readonly #engine: AnsweredEngine;
  readonly #containerId: string;
  readonly #client: string;
  readonly #login: RedisLogin;

  private constructor(engine: AnsweredEngine, containerId: string, client: string, login: RedisLogin) {
    this.#engine = engine;
    this.#containerId = containerId;
    this.#client = client;
    this.#login = login;
  }

  /**
   * Finds a task's container and the client in it.
   *
   * @throws InputError when the engine of its node was not asked, or there is no client of Redis in the image
   */
  static async open(task: Task, { engines, swarm }: Inventory, login: RedisLogin): Promise<TaskRedis> {
    const engine = engines.filter((each) => "report" in each).find(({ report }) => report.nodeId === task.NodeID);
    const node = swarm?.nodes.find(({ id }) => id === task.NodeID)?.hostname ?? task.NodeID;
    if (!engine) {
      throw new InputError({
        path: "--engine",
        expected: `the engine of ${node}, where the task runs`,
        got: "none that answers",
        fix: "Name it with --engine, beside that of a manager",
      });
    }
    const containerId = task.Status.ContainerStatus?.ContainerID ?? "";
    const find = "command -v redis-cli || command -v valkey-cli || command -v keydb-cli";
    const { output } = await runInContainer(
      engine.connection.docker,
      containerId,
      ["sh", "-c", find],
      {},
      replyLimitMs,
    );
    if (!output.startsWith("/")) {
      throw new InputError({
        path: "service",
        expected: "a Redis with redis-cli in its image",
        got: "an image without it",
        fix: "Name a service that runs Redis",
      });
    }
    return new TaskRedis(engine, containerId, output, login);
  }

  /** Sends one command and gives the reply as redis-cli prints it; undefined when the container does not run any more. Fails after 10 s without one. */
  async send(...words: [string, ...string[]]): Promise<string | undefined> {
    const { username, password, authorityFile } = this.#login;
    const tls = authorityFile === undefined ? [] : ["--tls", "--cacert", authorityFile];
    const user = username === undefined ? [] : ["--user", username];
    const environment = password === undefined ? {} : { REDISCLI_AUTH: password };
    const command = [this.#client, "--raw", ...tls, ...user, ...words];
    try {
      const { docker } = this.#engine.connection;
      const { output } = await runInContainer(docker, this.#containerId, command, environment, replyLimitMs);
      return output;
    } catch (error) {
      if ([404, 409].includes(dockerStatus(error) ?? 0)) return undefined;
      throw error;
    }
  }
}
