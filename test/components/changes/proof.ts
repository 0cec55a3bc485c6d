/**
 * The proof that changes lose nothing: a real swarm runs a Redis of the components, writers write to it, and the embedded
 * engine changes its arguments one after the other.
 */
import { join } from "node:path";
import Docker from "dockerode";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { assembleImage } from "../../../lab/images/assembled-image.ts";
import { redisRecipe } from "../../../lab/images/redis.ts";
import { labRegistry, pushImage } from "../../../lab/images/registry.ts";
import type { Sandbox } from "../../../lab/sandbox.ts";
import type { RedisPersistence } from "../../../model/redis/persistence.ts";
import { openProgram, type ProgramStack } from "../../support/program-stack.ts";
import { makeAuthorities } from "./certificates.ts";
import type { Change, Material, StoreArguments } from "./changes.ts";
import { type Access, Writer } from "./writer.ts";

/** What a change did. */
export interface Outcome {
  readonly kind: string;
  /** The longest time without an acknowledged write, from before the change until a write after it. */
  readonly gapSeconds: number;
  /** How many acknowledged writes were gone after it. */
  readonly lost: number;
  /** How often a client was turned away for its password. */
  readonly refused: number;
  /** Whether the task was replaced when, and only when, it must be. */
  readonly isTaskRight: boolean;
}

/** The swarm that the store runs on. */
export type Swarm = Pick<Sandbox, "directory" | "dockerHost" | "nodeAddress" | "nodeHostname" | "registryAddress">;

/** Makes what the changes change to and fro between. */
export async function makeMaterial(swarm: Swarm, cacheDirectory: string): Promise<Material> {
  const toolbox = await fillToolbox(cacheDirectory, () => undefined);
  const recipe = await redisRecipe(toolbox);
  const labelled = { ...recipe, tag: `${recipe.tag}-labelled`, config: { ...recipe.config, Labels: { other: "yes" } } };
  const images: string[] = [];
  for (const each of [recipe, labelled]) {
    const image = await assembleImage(each, toolbox, cacheDirectory);
    images.push(await pushImage(labRegistry(swarm), image));
  }
  return { images, authorities: await makeAuthorities(swarm.nodeAddress) };
}

/** A Redis under writers, whose arguments are changed. */
export class StoreUnderChange {
  readonly #docker: Docker;
  readonly #stack: ProgramStack;
  readonly #writer: Writer;
  #given: StoreArguments;

  private constructor(docker: Docker, stack: ProgramStack, writer: Writer, given: StoreArguments) {
    this.#docker = docker;
    this.#stack = stack;
    this.#writer = writer;
    this.#given = given;
  }

  /**
   * Starts it.
   *
   * @param port - even; it and the next one are used
   */
  static async start(
    swarm: Swarm,
    material: Material,
    persistence: RedisPersistence,
    port: number,
  ): Promise<StoreUnderChange> {
    const given = firstArguments(swarm, material, persistence, port);
    const stack = await openProgram(join(import.meta.dirname, "program"), swarm.dockerHost);
    await stack.set({ arguments: JSON.stringify(given) });
    await stack.up();
    const writer = new Writer(swarm.nodeAddress, accessOf(given));
    await writer.endWatch();
    const docker = new Docker({ socketPath: swarm.dockerHost.replace("unix://", "") });
    return new StoreUnderChange(docker, stack, writer, given);
  }

  /** How many writes have been acknowledged. */
  get acknowledged(): number {
    return this.#writer.acknowledged;
  }

  /** Brings a change into effect while the writers write. */
  async change({ kind, steps, replacesTask }: Change): Promise<Outcome> {
    const task = await this.#task();
    const refused = this.#writer.refused;
    this.#writer.startWatch();
    for (const step of steps) await this.#up(step(this.#given));
    const gapSeconds = await this.#writer.endWatch();
    return {
      kind,
      gapSeconds,
      lost: await this.#writer.countLost(),
      refused: this.#writer.refused - refused,
      isTaskRight: ((await this.#task()) !== task) === replacesTask,
    };
  }

  /** Ends the writers, and removes the stack and its volume. */
  async remove(): Promise<void> {
    await this.#writer.end();
    await this.#stack.down();
    await this.#stack.remove();
    if (this.#given.redis.persistence !== "cache") await this.#removeVolume(this.#given.volumeName);
  }

  /** While arguments change, clients know where the store was and where it will be, and sign in as before. */
  async #up(given: StoreArguments): Promise<void> {
    const before = accessOf(this.#given);
    this.#writer.use(before, { ...before, port: given.redis.publishedPort });
    await this.#stack.set({ arguments: JSON.stringify(given) });
    await this.#stack.up();
    this.#writer.use(accessOf(given));
    this.#given = given;
  }

  /** The container of the running task. */
  async #task(): Promise<string | undefined> {
    const label = [`com.docker.swarm.service.name=${this.#given.redis.serviceName}`];
    const [container] = await this.#docker.listContainers({ filters: JSON.stringify({ label, status: ["running"] }) });
    return container?.Id;
  }

  /** Containers of the task history hold a volume for a moment. */
  async #removeVolume(name: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#docker.getVolume(name).remove();
        return;
      } catch (error) {
        if (attempt === 40) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
}

/** What a store is told at first. */
export function firstArguments(
  { nodeHostname }: Swarm,
  { images, authorities }: Material,
  persistence: RedisPersistence,
  port: number,
): StoreArguments {
  const [image] = images;
  const [authority] = authorities;
  const [issued] = authority?.issued ?? [];
  if (image === undefined || authority === undefined || issued === undefined) throw new Error("There is no material.");
  return {
    component: "store-a",
    identity: `changes/${persistence}`,
    volumeName: `changes-${persistence}`,
    node: nodeHostname,
    networks: ["back"],
    firstStartUntil: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, "Z"),
    redis: {
      serviceName: `changes-${persistence}-a`,
      image,
      persistence,
      memoryLimit: "192M",
      password: "correct horse battery",
      publishedPort: port,
      tls: { ...issued, authority: authority.certificate },
    },
  };
}

/** How clients reach a store that was told this. */
export function accessOf({ redis: { publishedPort: port, password, tls } }: StoreArguments): Access {
  return { port, password, authority: tls.authority };
}
