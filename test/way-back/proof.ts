/**
 * The proof that a change that went wrong can be taken back: a real swarm runs a Redis of the components, writers write to it, the
 * command is given arguments that cannot work, and then the former ones.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { openStack } from "../../engine/state/stack.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import { assembleImage, type ImageRecipe } from "../../lab/images/assembled-image.ts";
import { redisRecipe } from "../../lab/images/redis.ts";
import { labRegistry, pushImage } from "../../lab/images/registry.ts";
import { pushPostgresqlImage } from "../support/postgresql-image.ts";
import { RedisPersistence } from "../../model/redis/persistence.ts";
import type { Material, StoreArguments } from "../components/changes/changes.ts";
import { accessOf, firstArguments, type Swarm } from "../components/changes/proof.ts";
import { Writer } from "../components/changes/writer.ts";
import { makeProjectFolder, type ProjectFolder } from "../support/program-stack.ts";
import type { FailingChange, FailingMaterial } from "./failing-changes.ts";

/** What runs the program: the `holdfast` command with its own engine, or the `pulumi` on the PATH without Holdfast's command. */
export type Engine = "embedded" | "pulumi";

/** What a failing change and its way back did. */
export interface Outcome {
  readonly kind: string;
  /** Whether the task that ran before went on running. */
  readonly isRefused: boolean;
  /** The longest time without an acknowledged write until the service answered by itself; missing where it did not. */
  readonly outageSeconds?: number;
  /** The longest time without an acknowledged write while the former arguments came into effect; missing where it did not. */
  readonly wayBackSeconds?: number;
  /** How many acknowledged writes were gone afterwards. */
  readonly lost: number;
  /** What was not as it must be; empty when the change was taken back. */
  readonly wrong: readonly string[];
  /** What the failing command said last. */
  readonly words: string;
}

/** How a command ended. */
interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const stackName = "test";
const command = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

/** Makes what failing changes need besides ports and names that others have. */
export async function makeFailingImages(
  swarm: Swarm,
  cacheDirectory: string,
): Promise<Pick<FailingMaterial, "otherServerImage" | "endingServerImage" | "silentServerImage">> {
  const toolbox = await fillToolbox(cacheDirectory, () => undefined);
  const redis = await redisRecipe(toolbox);
  const withServer = (tag: string, lines: string): ImageRecipe => ({
    ...redis,
    tag: `${redis.tag}-${tag}`,
    files: { ...redis.files, texts: { ...redis.files.texts, "usr/local/bin/redis-server": `#!/bin/sh\n${lines}\n` } },
  });
  const push = async (recipe: ImageRecipe) =>
    pushImage(labRegistry(swarm), await assembleImage(recipe, toolbox, cacheDirectory));
  return {
    otherServerImage: await pushPostgresqlImage(swarm, cacheDirectory),
    endingServerImage: await push(withServer("ending", 'echo "this program cannot run here" >&2\nexit 1')),
    silentServerImage: await push(withServer("silent", "exec sleep 100000")),
  };
}

/** A Redis under writers, that is given arguments that cannot work. */
export class StoreOnItsWayBack {
  readonly #swarm: Swarm;
  readonly #docker: Docker;
  readonly #engine: Engine;
  readonly #folder: ProjectFolder;
  readonly #writer: Writer;
  readonly #given: StoreArguments;

  private constructor(swarm: Swarm, engine: Engine, folder: ProjectFolder, writer: Writer, given: StoreArguments) {
    this.#swarm = swarm;
    this.#docker = new Docker({ socketPath: swarm.dockerHost.replace("unix://", "") });
    this.#engine = engine;
    this.#folder = folder;
    this.#writer = writer;
    this.#given = given;
  }

  /** Starts it on a port that is free. */
  static async start(swarm: Swarm, material: Material, engine: Engine, port: number): Promise<StoreOnItsWayBack> {
    const first = firstArguments(swarm, material, RedisPersistence.durable, port);
    const given = {
      ...first,
      identity: `way-back/${port}`,
      volumeName: `way-back-${port}`,
      redis: { ...first.redis, serviceName: `way-back-${port}` },
    };
    const folder = await makeProjectFolder(join(import.meta.dirname, "../components/changes/program"));
    const writer = new Writer(swarm.nodeAddress, accessOf(given));
    const store = new StoreOnItsWayBack(swarm, engine, folder, writer, given);
    if (engine === "pulumi") await store.#run("pulumi", ["stack", "select", "--create", stackName]);
    const { code, output } = await store.#up(given);
    if (code !== 0) throw new Error(`The store did not start: ${output}`);
    await writer.endWatch();
    return store;
  }

  /** How many writes have been acknowledged. */
  get acknowledged(): number {
    return this.#writer.acknowledged;
  }

  /** Applies a change that goes wrong, waits whether the service comes back by itself, and takes the change back. */
  async try(failing: FailingChange): Promise<Outcome> {
    const given = this.#given;
    const changed = failing.change(given);
    const task = await this.#task();
    this.#writer.use(accessOf(given), accessOf(changed));
    this.#writer.startWatch();
    const failed = await this.#up(changed, failing);
    const outageSeconds = await this.#answers();
    const isRefused = (await this.#task()) === task;

    if (failing.killedBy !== undefined) await this.#cancel();
    this.#writer.startWatch();
    const back = await this.#up(given);
    this.#writer.use(accessOf(given));
    const wayBackSeconds = await this.#writer.endWatch().catch(() => undefined);
    const lost = wayBackSeconds === undefined ? 0 : await this.#writer.countLost();
    const preview = await this.#preview();
    const wrong = [
      ...(failed.code === 0 && failing.wouldWork !== true ? ["the failing change succeeded"] : []),
      ...(outageSeconds === undefined ? ["the service did not come back by itself"] : []),
      ...(wayBackSeconds === undefined ? ["the service does not answer after the way back"] : []),
      ...(back.code === 0 ? [] : [`the way back failed: ${lastWords(back)}`]),
      ...(lost === 0 ? [] : [`${lost} acknowledged writes are gone`]),
      ...(preview.code === 0 ? [] : [`a preview still finds changes: ${lastWords(preview)}`]),
    ];
    const words = lastWords(failed);
    return {
      kind: failing.kind,
      isRefused,
      ...(outageSeconds !== undefined && { outageSeconds }),
      ...(wayBackSeconds !== undefined && { wayBackSeconds }),
      lost,
      wrong,
      words,
    };
  }

  /** Ends the writers, and removes the stack and its volume. */
  async remove(): Promise<void> {
    await this.#writer.end();
    const { code, output } =
      this.#engine === "pulumi"
        ? await this.#run("pulumi", ["destroy", "--yes", "--skip-preview", "--stack", stackName])
        : await this.#holdfast(["down", "--yes"]);
    if (code !== 0) throw new Error(`The stack did not go: ${output}`);
    await this.#folder.remove();
    await this.#removeVolume();
  }

  /** A server that never answers is told from one that loads by the time alone that its health check leaves it. */
  async #answers(): Promise<number | undefined> {
    for (let minute = 1; minute <= 3; minute++) {
      const seconds = await this.#writer.endWatch().catch(() => undefined);
      if (seconds !== undefined) return seconds;
    }
    return undefined;
  }

  async #up(given: StoreArguments, interruption: Omit<FailingChange, "kind" | "change"> = {}): Promise<Ended> {
    const { namespace, projectDirectory } = this.#folder;
    const stack = await openStack({ projectDirectory, stackName }, this.#environment());
    await stack.setConfig(`${namespace}:arguments`, JSON.stringify(given), { secret: false });
    return this.#engine === "pulumi"
      ? this.#run("pulumi", ["up", "--yes", "--stack", stackName], interruption)
      : this.#holdfast(["up", "--yes"], interruption);
  }

  #preview(): Promise<Ended> {
    return this.#engine === "pulumi"
      ? this.#run("pulumi", ["preview", "--expect-no-changes", "--stack", stackName])
      : this.#holdfast(["preview", "--expect-no-changes"]);
  }

  /** What a person does whose command was killed. */
  #cancel(): Promise<Ended> {
    return this.#engine === "pulumi"
      ? this.#run("pulumi", ["cancel", "--yes", "--stack", stackName])
      : this.#holdfast(["cancel"]);
  }

  #holdfast(words: readonly string[], interruption: Omit<FailingChange, "kind" | "change"> = {}): Promise<Ended> {
    const [name, ...options] = words;
    const all = [command, name ?? "", ...options, "--stack", stackName];
    return this.#run(process.execPath, name === "cancel" ? all : [...all, "--engine", "embedded"], interruption);
  }

  async #run(
    program: string,
    words: readonly string[],
    { killedAfterMs, killedBy }: Omit<FailingChange, "kind" | "change"> = {},
  ): Promise<Ended> {
    const child = spawn(program, words, {
      cwd: this.#folder.projectDirectory,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = Promise.all([
      new Promise<number | null>((resolve) => child.once("exit", resolve)),
      text(child.stdout),
      text(child.stderr),
    ]).then(([code, stdout, stderr]) => ({ code, output: stdout + stderr }));
    if (killedBy === undefined) return ended;
    await Promise.race([ended, sleep(killedAfterMs)]);
    if (killedBy === "SIGKILL") child.kill("SIGKILL");
    else {
      child.kill("SIGINT");
      await Promise.race([ended, sleep(500)]);
      child.kill("SIGINT");
    }
    return ended;
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DOCKER_HOST: this.#swarm.dockerHost,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_BACKEND_URL: `file://${this.#folder.projectDirectory}`,
    };
  }

  /** The container of the running task. */
  async #task(): Promise<string | undefined> {
    const label = [`com.docker.swarm.service.name=${this.#given.redis.serviceName}`];
    const [container] = await this.#docker.listContainers({ filters: JSON.stringify({ label, status: ["running"] }) });
    return container?.Id;
  }

  /** Containers of the task history hold a volume for a moment. */
  async #removeVolume(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#docker.getVolume(this.#given.volumeName).remove();
        return;
      } catch (error) {
        if (attempt === 40) throw error;
        await sleep(500);
      }
    }
  }
}

/** The errors of a command, else its last lines. */
function lastWords({ output }: Ended): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /error/iu.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(" / ").slice(0, 600);
}
