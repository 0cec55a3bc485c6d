/** A companion and its server, killed or stopped at each call of restic from the first start to the tidying up. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Draw } from "../random.ts";
import { Rig } from "../rig.ts";
import { rewrite } from "../store.ts";
import { BackupRun } from "./backup-run.ts";
import type { Fault } from "./fault.ts";
import { companionFaults, faultWords, type Step, type StepFault, type Steps } from "./steps.ts";

/** A companion's life, as far as faults are to meet it. */
interface Life {
  readonly name: string;
  prepare(rig: Rig): Promise<void>;
  /** The last step that faults meet: what comes after it is a repetition. */
  readonly lastStep: string;
  live(rig: Rig, steps: Steps): Promise<string>;
}

const firstStart: Life = {
  name: "first start",
  prepare: () => Promise.resolve(),
  lastStep: "restic init",
  live: async (rig, steps) => {
    using run = await BackupRun.create(rig, steps);
    await run.delivered();
    return await run.finish();
  },
};

const lives: readonly Life[] = [
  firstStart,
  {
    name: "backup",
    prepare: (rig) => rig.makeRepository(),
    lastStep: "restic prune",
    live: async (rig, steps) => {
      using run = await BackupRun.create(rig, steps);
      await run.delivered();
      await rewrite(run.redis);
      await run.delivered();
      await sleep(400);
      await run.delivered();
      await run.revive();
      run.jump();
      for (let left = 100; left > 0 && !run.isDead && !(await hasPassed(steps, "restic prune")); left--)
        await sleep(100);
      await run.revive();
      return await run.finish();
    },
  },
];

async function hasPassed(steps: Steps, name: string): Promise<boolean> {
  return (await steps.passed()).some((step) => step.name === name);
}

async function lived(
  life: Life,
  at?: { nth: number; fault: StepFault; delaySeconds: number },
): Promise<{ wrong: string; hasHappened: boolean; passed: readonly Step[] }> {
  await using rig = await Rig.create({ everySeconds: 0.3 }, { hasOwnHostnames: true });
  await life.prepare(rig);
  const steps = await rig.countSteps("restic");
  await steps.arm(at);
  const wrong = await life.live(rig, steps);
  return { wrong, hasHappened: await steps.hasHappened(), passed: await steps.passed() };
}

/** Every fault at every step of a companion. */
export async function companionStepFaults(draw: Draw): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (const life of lives) {
    const { wrong, passed } = await lived(life);
    if (wrong !== "") throw new Error(`${life.name} without any fault: ${wrong}`);
    const end = passed.findIndex(({ name }) => name === life.lastStep);
    if (end < 0) throw new Error(`${life.name} has no ${life.lastStep}`);
    for (const step of passed.slice(0, end + 1))
      for (const fault of companionFaults) {
        const delays = delaysSeconds(draw);
        faults.push({
          title: stepTitle(life.name, step, fault),
          survive: async () => {
            for (const delaySeconds of delays) {
              const outcome = await lived(life, { nth: step.nth, fault, delaySeconds });
              if (outcome.hasHappened || outcome.wrong !== "") return outcome.wrong;
            }
            return undefined;
          },
        });
      }
  }
  return faults;
}

/** One fault: the companion and the restic that stores its first delivery are killed. */
export async function firstDeliveryKilled(): Promise<void> {
  const life: Life = { ...firstStart, prepare: (rig) => rig.makeRepository() };
  const fault = { who: "all", what: "is killed", when: "in the middle" } as const;
  const { wrong, hasHappened, passed } = await lived(life, { nth: 3, fault, delaySeconds: 0.02 });
  assert.equal(passed[2]?.name, "restic backup");
  assert.equal(wrong, "");
  assert.ok(hasHappened);
}

/** How far into a step a fault is tried; a step that is over by then is tried again with less. */
export function delaysSeconds(draw: Draw): readonly number[] {
  const longest = 0.02 + draw() * 0.2;
  return [longest, longest / 3, longest / 9];
}

/** Says what happens where. */
export function stepTitle(name: string, step: Step, fault: StepFault): string {
  return `${name}: ${step.name}, call ${step.nth}, ${faultWords(fault)}`;
}
