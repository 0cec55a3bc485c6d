import { dockerStatus } from "../../swarm/api/errors.ts";
import type { Task } from "../../swarm/api/objects.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { SituationError } from "../../text/situation-error.ts";
import { runInContainer } from "../container-command.ts";
import { answeredIn, hostnameOf, type Inventory } from "../inventory.ts";

/** How long Redis may take to answer, in milliseconds: the client in its image has no time limit before 7.4. */
const replyLimitMs = 10_000;

/** How to log in to a Redis. */
export interface RedisLogin {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The file in the container with the certificate authority; with it, the connection uses TLS. */
  readonly authorityFile?: string | undefined;
}

/** Speaks to the Redis of a task through the client program in its own container, so that no port need be published. */
export class TaskRedis {
  readonly #docker: EngineConnection["docker"];
  readonly #containerId: string;
  readonly #client: string;
  readonly #login: RedisLogin;

  private constructor(docker: EngineConnection["docker"], containerId: string, client: string, login: RedisLogin) {
    this.#docker = docker;
    this.#containerId = containerId;
    this.#client = client;
    this.#login = login;
  }

  /**
   * Finds a task's container and the client in it.
   *
   * @throws SituationError when the engine of its node was not asked, or there is no client of Redis in the image
   */
  static async open(task: Task, inventory: Inventory, login: RedisLogin): Promise<TaskRedis> {
    const engine = answeredIn(inventory).find(({ report }) => report.nodeId === task.NodeID);
    if (!engine) {
      throw new SituationError({
        what: `The task runs on ${hostnameOf(inventory, task.NodeID)}, whose engine was not queried or does not answer`,
        fix: "Name that engine with --engine, in addition to a manager's",
      });
    }
    const { docker } = engine.connection;
    const containerId = task.Status.ContainerStatus?.ContainerID ?? "";
    const find = ["sh", "-c", "command -v redis-cli || command -v valkey-cli || command -v keydb-cli"];
    const { output } = await runInContainer(docker, containerId, find, { limitMs: replyLimitMs });
    if (!output.startsWith("/"))
      throw new SituationError({
        what: "The service's image has no redis-cli",
        fix: "Name a service that runs Redis",
      });
    return new TaskRedis(docker, containerId, output, login);
  }

  /** Sends one command and returns the reply as redis-cli prints it; undefined when the container has ended. Fails after 10 s without one. */
  async send(...words: [string, ...string[]]): Promise<string | undefined> {
    const { username, password, authorityFile } = this.#login;
    const tls = authorityFile === undefined ? [] : ["--tls", "--cacert", authorityFile];
    const user = username === undefined ? [] : ["--user", username];
    const environment = password === undefined ? {} : { REDISCLI_AUTH: password };
    const command = [this.#client, "--raw", ...tls, ...user, ...words];
    try {
      return (await runInContainer(this.#docker, this.#containerId, command, { environment, limitMs: replyLimitMs }))
        .output;
    } catch (error) {
      if ([404, 409].includes(dockerStatus(error) ?? 0)) return undefined;
      throw error;
    }
  }
}
