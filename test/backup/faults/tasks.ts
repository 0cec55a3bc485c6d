/** The commands that run on a repository by themselves, killed or stopped at each program that they start, and on full disks. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { found } from "../corruptions.ts";
import type { Draw } from "../random.ts";
import type { Recording, RepositoryCopy } from "../recording.ts";
import { digestOfFiles } from "../store.ts";
import { delaysSeconds, stepTitle } from "./at-steps.ts";
import { SmallDisk } from "./small-disk.ts";
import type { Fault } from "./fault.ts";
import { isPossible, taskFaults, type Step, type StepFault, type Steps } from "./steps.ts";

type Task = "restore" | "verify";

const tasks: readonly Task[] = ["restore", "verify"];

/** All of them, on copies of one recording. */
export class TaskFaults {
  readonly #recording: Recording;
  readonly #steps: Steps;
  readonly faults: readonly Fault[];

  private constructor(recording: Recording, steps: Steps, places: readonly { task: Task; step: Step }[], draw: Draw) {
    this.#recording = recording;
    this.#steps = steps;
    const atSteps = places.flatMap(({ task, step }) =>
      taskFaults
        .filter((fault) => isPossible(fault, step))
        .map((fault) => {
          const delays = delaysSeconds(draw);
          return { title: stepTitle(task, step, fault), survive: () => this.#atStep(task, step, fault, delays) };
        }),
    );
    const onFullDisks = [50, 300, 600, 800].map((kilobytes) => ({
      title: `restore: the volume is full after ${kilobytes} kB`,
      survive: () => this.#onFullVolume(kilobytes),
    }));
    this.faults = [...atSteps, ...onFullDisks];
  }

  static async create(recording: Recording, draw: Draw): Promise<TaskFaults> {
    const steps = await recording.rig.countSteps("restic", "redis-check-aof", "redis-server");
    const places: { task: Task; step: Step }[] = [];
    for (const task of tasks) {
      await using copy = await recording.copy();
      await steps.arm();
      await run(copy, task);
      for (const step of await steps.passed()) places.push({ task, step });
    }
    return new TaskFaults(recording, steps, places, draw);
  }

  async #atStep(task: Task, { nth }: Step, fault: StepFault, delays: readonly number[]): Promise<string | undefined> {
    for (const delaySeconds of delays) {
      await using copy = await this.#recording.copy();
      await this.#steps.arm({ nth, fault, delaySeconds });
      await run(copy, task).catch(() => undefined); // A program that is killed says nothing.
      const hasHappened = await this.#steps.hasHappened();
      await this.#steps.arm();
      const wrong = await this.#after(copy, task);
      if (hasHappened || wrong !== "") return wrong;
    }
    return undefined;
  }

  async #onFullVolume(kilobytes: number): Promise<string> {
    await using copy = await this.#recording.copy();
    await using disk = await SmallDisk.mount(targetOf(copy), kilobytes);
    const { last } = await run(copy, "restore");
    if (last.type !== "error" || !/could not be written|Make room/u.test(last.message))
      return `with no room: ${JSON.stringify(last)}`;
    await disk.grow();
    return await this.#after(copy, "restore");
  }

  /** Looks at what is left, runs it again, and looks whether all is there. */
  async #after(copy: RepositoryCopy, task: Task): Promise<string> {
    const target = targetOf(copy);
    // Not the folder itself, which may be a disk.
    const clear = async (): Promise<void> => {
      for (const name of ["appendonlydir", ".holdfast-restore", ".holdfast-restored"])
        await rm(join(target, name), { recursive: true, force: true });
    };
    const isMarkedWhole = existsSync(join(target, "appendonlydir")) && !existsSync(join(target, ".holdfast-restore"));
    if (isMarkedWhole) {
      if ((await digestOfFiles(target)) !== this.#digest) return "what is not whole is taken for whole";
      await clear();
    }
    const again = found(await run(copy, task));
    if (again !== "") return `run again: ${again}`;
    const verified = found(await copy.run(["verify", "--level", "digest"]));
    if (verified !== "") return `verify: ${verified}`;
    const { last } = await copy.run(["list"]);
    if (last.type !== "result" || last.command !== "list") return `list: ${JSON.stringify(last)}`;
    if (last.proofs.some(({ result }) => result === "failed")) return "a proof that failed is kept of a whole backup";
    if (task !== "restore") {
      const restored = found(await run(copy, "restore"));
      if (restored !== "") return `restore: ${restored}`;
    }
    const digest = await digestOfFiles(target);
    await clear();
    return digest === this.#digest ? "" : "another state was restored";
  }

  get #digest(): string | undefined {
    return this.#recording.checkpoints.at(-1)?.digest;
  }
}

function targetOf(copy: RepositoryCopy): string {
  return `${copy.folder}-restored`;
}

function run(copy: RepositoryCopy, task: Task) {
  return copy.run(task === "restore" ? [task, "--to", targetOf(copy)] : [task]);
}
