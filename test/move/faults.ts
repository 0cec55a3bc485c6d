import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../../lab/lab.ts";
import { killNode, startNode, type LabNode } from "../../lab/nodes/node.ts";
import { draws, oneFrom, type Draw } from "../backup/random.ts";
import { engineOf, nodeOf, until } from "../support/lab-service.ts";
import { MovedRedis } from "./rig.ts";

/** What was killed, and when, and what was wrong after it. */
export interface FaultOutcome {
  readonly title: string;
  readonly wrong: string | undefined;
}

/** The parts of a move that can be killed, each with the name of its container. */
const victims = {
  "the sender": "holdfast-send-",
  "the receiver": "holdfast-receive-",
  "a server": "moved.1.",
  "the command": undefined,
  "the engine of the source": undefined,
  "the engine of the target": undefined,
} as const;

/** From when the time of a kill is counted: a line of the command, and how long after it at most. */
const moments = [
  { after: "copying", withinMs: 4000 },
  { after: "replacing", withinMs: 700 },
  { after: "replacing", withinMs: 3000 },
] as const;

const data = "200M";
const dataBytes = 200 * 1024 ** 2;
const downMs = 3000;
const recoveryMs = 180_000;
const reruns = 4;

/** Kills a part of each of so many moves at a random moment, and looks whether all data is there, with and without another run. */
export async function proveFaults(
  lab: Lab,
  { faults, seed }: { readonly faults: number; readonly seed: number },
  onFault: (number: number, outcome: FaultOutcome) => void,
): Promise<void> {
  const draw = draws(seed);
  const redis = await MovedRedis.create(lab, { name: "moved", port: 10_091, node: 2 });
  try {
    await redis.fill(dataBytes);
    for (let number = 1; number <= faults; number++) onFault(number, await oneFault(lab, redis, number, draw));
  } finally {
    await redis.remove();
  }
}

async function oneFault(lab: Lab, redis: MovedRedis, number: number, draw: Draw): Promise<FaultOutcome> {
  const names = Object.keys(victims) as (keyof typeof victims)[];
  const victim = names[number % names.length] ?? "the command";
  const moment = oneFrom(moments, draw);
  const delayMs = Math.round(draw() * moment.withinMs);
  const from = await redis.service.node();
  const to = nodeOf(lab, from.name === "node-2" ? 3 : 2);
  const title = `${victim} killed ${delayMs} ms after "${moment.after}", ${data} from ${from.name} to ${to.name}`;
  const writers = redis.writers(3);
  const said: string[] = [];
  try {
    await writers.untilWritten(100);
    const run = redis.move(to);
    let struck: Promise<void> | undefined;
    run.all.on("data", (text: Buffer) => {
      said.push(text.toString());
      if (struck !== undefined || !said.join("").includes(`...   ${moment.after}`)) return;
      struck = sleep(delayMs).then(() => strike(lab, victim, { from, to, run }));
    });
    const { exitCode } = await run;
    await struck;
    // Whatever became of the move: without another run there is one server with all data.
    await writers.untilWritten(50, recoveryMs);
    await redis.untilCalm();
    const lost = await redis.missing([...writers.acknowledged]);
    if (lost > 0) return { title, wrong: `${lost} acknowledged writes lost` };
    const again = await finish(redis, to, exitCode === 0);
    if (again !== undefined) return { title, wrong: again };
    await writers.untilWritten(50, recoveryMs);
    const acknowledged = await writers.stop();
    const missing = await redis.missing(acknowledged);
    const left = await redis.leftovers();
    const node = await redis.service.node();
    await redis.removeFormer(from);
    if (missing > 0) return { title, wrong: `${missing} acknowledged writes lost after the next run` };
    if (node.name !== to.name) return { title, wrong: `it runs on ${node.name} in the end` };
    return { title, wrong: left.length > 0 ? `left: ${left.join(", ")}` : undefined };
  } catch (error) {
    return { title, wrong: `${error instanceof Error ? error.message : String(error)}\n${said.join("")}` };
  } finally {
    await writers.stop();
  }
}

interface Move {
  readonly from: LabNode;
  readonly to: LabNode;
  readonly run: ReturnType<MovedRedis["move"]>;
}

async function strike(lab: Lab, victim: keyof typeof victims, { from, to, run }: Move): Promise<void> {
  const name = victims[victim];
  if (name !== undefined) {
    for (const node of [from, to]) {
      for (const { Id } of await engineOf(node).listContainers({ filters: { name: [name] } }))
        await engineOf(node)
          .getContainer(Id)
          .kill({ signal: "SIGKILL" })
          .catch(() => undefined);
    }
  } else if (victim === "the command") run.kill("SIGKILL");
  else {
    const node = victim === "the engine of the source" ? from : to;
    await killNode(lab.directory, node.name);
    await sleep(downMs);
    await startNode(lab.directory, node.name);
  }
}

/** Runs the command until the service is where it is to be. */
async function finish(redis: MovedRedis, to: LabNode, isDone: boolean): Promise<string | undefined> {
  let words = "";
  if (isDone) return undefined;
  for (let run = 1; run <= reruns; run++) {
    const { exitCode, all } = await redis.move(to);
    if (exitCode === 0) return undefined;
    // It was over when it was struck.
    if (exitCode === 2 && all.includes("where the data is")) return undefined;
    words = all;
    await until(async () => (await redis.service.task()).Status.State === "running", "a task runs", recoveryMs);
  }
  return `the command does not end: ${words}`;
}
