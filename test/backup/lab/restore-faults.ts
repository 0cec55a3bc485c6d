/** A restore that is killed, or whose node or manager dies, at each of its steps: the same command again ends well. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Lab } from "../../../lab/lab.ts";
import { killNode, startNode } from "../../../lab/nodes/node.ts";
import { findBackupTasks } from "../../../live/backup/companion-task.ts";
import { inspectService, listTasks } from "../../../swarm/api/reads.ts";
import { engineOf, until } from "../../support/lab-service.ts";
import type { BackedUpService } from "./backed-up-service.ts";
import type { Trial } from "./on-lab.ts";

const stepLimitMs = 120_000;

/** A restore that runs, and what can be waited for and killed in it. */
class RunningRestore {
  readonly #lab: Lab;
  readonly #backed: BackedUpService;
  readonly command: ReturnType<BackedUpService["command"]>;
  /** What the service mounted when it began. */
  readonly #former: string;

  private constructor(lab: Lab, backed: BackedUpService, former: string, words: readonly string[]) {
    this.#lab = lab;
    this.#backed = backed;
    this.#former = former;
    this.command = backed.command(...words);
  }

  static async start(lab: Lab, backed: BackedUpService, words: readonly string[]): Promise<RunningRestore> {
    return new RunningRestore(lab, backed, await volumeOf(backed, "shop"), words);
  }

  /** It asks what the repository holds. */
  untilAsking(): Promise<void> {
    return this.#until("the repository is asked", async () => {
      const tasks = await findBackupTasks(this.#backed.docker, "shop");
      return tasks.some(({ order }) => order["command"] === "list");
    });
  }

  /** Its task is in this state. */
  untilTask(...states: readonly string[]): Promise<void> {
    return this.#until(`its task is ${states.join(" or ")}`, async () => {
      const [restore] = await this.#backed.restores();
      if (!restore) return false;
      const [task] = await listTasks(this.#backed.docker, restore.service.ID);
      return states.includes(task?.Status.State ?? "new");
    });
  }

  /** A service mounts the restored volume. */
  untilPointed(service: "shop" | "shop-backup"): Promise<void> {
    return this.#until(
      `${service} is pointed at the volume`,
      async () => (await volumeOf(this.#backed, service)) !== this.#former,
    );
  }

  #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    return until(isSo, what, stepLimitMs);
  }

  killCommand(): void {
    this.command.kill("SIGKILL");
  }

  /** The container of its task. */
  async container(): Promise<Docker.Container> {
    const [restore] = await this.#backed.restores();
    assert.ok(restore);
    const engine = engineOf(await this.#backed.shop.node());
    const filters = { label: [`com.docker.swarm.service.id=${restore.service.ID}`] };
    const [found] = await engine.listContainers({ filters });
    assert.ok(found, "its container runs");
    return engine.getContainer(found.Id);
  }

  /** Removes its task, as a person may. */
  async removeTask(): Promise<void> {
    const [restore] = await this.#backed.restores();
    assert.ok(restore);
    await this.#backed.docker.getService(restore.service.ID).remove();
  }

  /** Lets a node crash and boot again. */
  async crash(name: string): Promise<void> {
    await killNode(this.#lab.directory, name);
    await startNode(this.#lab.directory, name);
    await this.#backed.serveOn(name);
  }

  /** The node of the data. */
  async dataNode(): Promise<string> {
    return (await this.#backed.shop.node()).name;
  }
}

async function volumeOf(backed: BackedUpService, service: string): Promise<string> {
  const found = await inspectService(backed.docker, service);
  return found?.Spec.TaskTemplate.ContainerSpec?.Mounts?.[0]?.Source ?? "";
}

const begun = ["new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running", "complete"];

/** What goes wrong, and when; what is waited for is a step of the restore, never a time. */
const faults: Readonly<Record<string, (restore: RunningRestore) => Promise<void>>> = {
  "the command is killed while it asks what there is": async (restore) => {
    await restore.untilAsking();
    restore.killCommand();
  },
  "the command is killed once its task is there": async (restore) => {
    await restore.untilTask(...begun);
    restore.killCommand();
  },
  "the command is killed while its task runs": async (restore) => {
    await restore.untilTask("running");
    restore.killCommand();
  },
  "the command is killed once its task has ended": async (restore) => {
    await restore.untilTask("complete");
    restore.killCommand();
  },
  "the command is killed once the service is pointed at the volume": async (restore) => {
    await restore.untilPointed("shop");
    restore.killCommand();
  },
  "the command is killed once the companion is pointed at the volume": async (restore) => {
    await restore.untilPointed("shop-backup");
    restore.killCommand();
  },
  "the container of its task is killed": async (restore) => {
    await restore.untilTask("running");
    await (await restore.container()).kill({ signal: "SIGKILL" });
  },
  "the container of its task stands still for 5 s": async (restore) => {
    await restore.untilTask("running");
    const container = await restore.container();
    await container.pause();
    await sleep(5000);
    await container.unpause();
  },
  "somebody removes its task": async (restore) => {
    await restore.untilTask("running");
    await restore.removeTask();
  },
  "the node of the data crashes while its task runs": async (restore) => {
    await restore.untilTask("running");
    await restore.crash(await restore.dataNode());
  },
  "the node of the data crashes once the service is pointed at the volume": async (restore) => {
    const node = await restore.dataNode();
    await restore.untilPointed("shop");
    await restore.crash(node);
  },
  "the manager crashes while its task runs": async (restore) => {
    await restore.untilTask("running");
    await restore.crash("node-1");
  },
};

/** Each of them once. */
export const restoreFaults: readonly Trial[] = Object.entries(faults).map(([title, strike], index) => ({
  title: `restore: ${title}`,
  run: async (lab, backed) => {
    const { shop } = backed;
    await shop.redis("SET", `fault:${index}`, "kept");
    const keys = await shop.redis("DBSIZE");
    const words = ["restore", "shop", "--at", await backed.flushAll(), "--yes"];
    const restore = await RunningRestore.start(lab, backed, words);
    const [, answer] = await Promise.all([strike(restore), restore.command]);
    backed.note(answer.stdout);
    await shop.settle();
    const between = await shop.redis("DBSIZE");
    assert.ok(between === 1 || between === keys, `${String(between)} keys in between`);
    const again = await backed.run(...words);
    assert.equal(again.exitCode, 0, again.stderr);
    await shop.settle();
    assert.equal(await shop.redis("DBSIZE"), keys);
    assert.equal(await shop.redis("GET", "later"), null);
    assert.deepEqual(await backed.restores(), [], "a task of the restore is left");
    const listed = await backed.run("backup", "list");
    assert.equal(listed.exitCode, 0, listed.stderr);
    const first = answer.exitCode === undefined ? "was killed" : `ended with ${answer.exitCode}`;
    return `the first run ${first}, ${String(between)} keys in between, ${String(keys)} after the second`;
  },
}));
