import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { judgeForcedReplacement } from "../../impact/forced-replacement.ts";
import { compareFates, type Verdict } from "../../impact/verdict/verdict.ts";
import type { Service, Task } from "../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { answeredIn, hostnameOf, liveEstate, noneOf, type Inventory } from "../inventory.ts";
import { TaskRedis, type RedisLogin } from "./task-redis.ts";

/** How to verify a service. */
export interface VerifyOptions extends RedisLogin {
  /** How long the new task may take to answer. @default 120 */
  readonly timeoutSeconds?: number;
  /** Called with what is being done. */
  readonly onProgress?: (message: string) => void;
}

/** What came of the experiment. */
export interface VerifyResult {
  readonly service: string;
  /** Whether the canary was read back from the new task. */
  readonly passed: boolean;
  readonly canary: "kept" | "lost" | "not readable";
  /** From the last answer of the old task to the first of the new one; undefined when there was none. */
  readonly outageSeconds: number | undefined;
  /** What the model predicted. */
  readonly predicted: Verdict;
  /** The old task and those that Swarm made to replace it, oldest first. */
  readonly tasks: readonly { readonly node: string; readonly state: string; readonly error: string }[];
  /** Whether the canary has been removed. Where it was lost, it expires in the data that was left behind. */
  readonly isRemoved: boolean;
}

const keyPrefix = "holdfast:verify:";
/** The canary expires by itself if this process is killed before it can remove it. */
const expirySeconds = 3600;
const pollMs = 100;

/**
 * Checks that a service in use keeps its data when its task is replaced: writes a canary key, forces a replacement of the task, and
 * reads the key back. The service is down for as long as the replacement takes.
 *
 * @throws InputError for a service that does not exist
 * @throws SituationError, with nothing changed, when it has no single running task, is no Redis that can be written to, or when the
 *   replacement would lose or endanger its data
 */
export async function verifyService(
  inventory: Inventory,
  name: string,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const { onProgress = () => undefined, timeoutSeconds = 120 } = options;
  const { docker, service, task } = findTask(inventory, name);
  const predicted = await requireSafe(inventory, service);
  const redis = await TaskRedis.open(task, inventory, options);
  const key = `${keyPrefix}${randomBytes(8).toString("hex")}`;
  const value = randomBytes(16).toString("hex");
  const reply = await redis.send("set", key, value, "ex", String(expirySeconds), "nx");
  if (reply !== "OK") {
    throw new SituationError({
      what: `The Redis of the service ${name} does not accept a write: ${reply ?? "its container has ended"}`,
      fix: "For a Redis with a password, give --password-file, and --user unless it is the default user",
    });
  }
  onProgress(`canary ${key} written`);

  let successor: { task: Task; redis: TaskRedis } | undefined;
  let canary: VerifyResult["canary"] = "not readable";
  let lastAnswer = Date.now();
  let firstAnswer: number | undefined;
  try {
    await forceReplacement(docker, name);
    onProgress("replacement of the task forced");
    const deadline = Date.now() + timeoutSeconds * 1000;
    while (Date.now() < deadline && firstAnswer === undefined) {
      if (successor === undefined && (await isPong(redis))) lastAnswer = Date.now();
      successor = await findSuccessor(docker, service, task, inventory, options);
      if (successor && (await isPong(successor.redis))) firstAnswer = Date.now();
      else await sleep(pollMs);
    }
    if (successor && firstAnswer !== undefined) {
      canary = (await successor.redis.send("get", key)) === value ? "kept" : "lost";
    }
  } finally {
    await (successor?.redis ?? redis).send("del", key).catch(() => undefined);
  }
  const left = await successor?.redis.send("exists", key).catch(() => undefined);
  const tasks = await listTasks(docker, service.ID);
  return {
    service: name,
    passed: canary === "kept",
    canary,
    outageSeconds: firstAnswer === undefined ? undefined : (firstAnswer - lastAnswer) / 1000,
    predicted,
    tasks: tasks
      .filter(({ ID, CreatedAt }) => ID === task.ID || CreatedAt > task.CreatedAt)
      .map(({ NodeID, Status }) => ({ node: hostnameOf(inventory, NodeID), state: Status.State, error: Status.Err })),
    isRemoved: left === "0",
  };
}

function findTask(inventory: Inventory, name: string) {
  const docker = answeredIn(inventory).find(({ report }) => report.isManager)?.connection.docker;
  if (!docker || !inventory.swarm) throw noneOf(inventory, "a manager that answers for the swarm");
  const service = inventory.swarm.services.find(({ Spec }) => Spec.Name === name);
  if (!service) {
    throw new InputError({
      path: "service",
      expected: `one of ${inventory.swarm.services.map(({ Spec }) => Spec.Name).join(", ") || "none"}`,
      got: showValue(name),
      fix: "Name a service of this swarm",
    });
  }
  const wanted = inventory.swarm.tasks.filter(
    (task) => task.ServiceID === service.ID && task.DesiredState === "running",
  );
  const [task] = wanted;
  if (!task || wanted.length > 1 || task.Status.State !== "running") {
    throw new SituationError({
      what: `The service ${name} must have exactly one task, and it must be running; it has ${wanted.map(({ Status }) => Status.State).join(", ") || "none"}`,
      fix: "Wait until it is healthy, and verify a service of one replica",
    });
  }
  return { docker, service, task };
}

/** Refuses if the forced replacement itself would lose data that is in use. */
async function requireSafe(inventory: Inventory, service: Service): Promise<Verdict> {
  const estate = await liveEstate(inventory, [service]);
  const [definition] = estate.services;
  const tasks = (inventory.swarm?.tasks ?? []).filter(
    ({ ServiceID, Status }) => ServiceID === service.ID && Status.State === "running",
  );
  const taskNodes = new Map([[service.Spec.Name, tasks.map(({ NodeID }) => NodeID)]]);
  const verdict =
    definition &&
    judgeForcedReplacement(definition, estate, {
      ...(estate.nodes && { nodes: estate.nodes }),
      images: estate.images,
      taskNodes,
    });
  const { Name } = service.Spec;
  if (!verdict) {
    throw new SituationError({
      what: `The service ${Name} keeps no data, so there is nothing to verify`,
      fix: "Name a service that keeps data",
    });
  }
  if (compareFates(verdict.fate, "interrupted") <= 0) return verdict;
  throw new SituationError({
    what: `The data of the service ${Name} would be ${verdict.fate}: ${verdict.causes.map(({ text }) => text).join(" ")}`,
    fix: (verdict.remedies[0]?.text ?? "Repair the service first").replace(/\.$/, ""),
  });
}

async function forceReplacement(docker: EngineConnection["docker"], name: string): Promise<void> {
  const service = await inspectService(docker, name);
  if (!service) return;
  const { Spec, Version } = service;
  const TaskTemplate = { ...Spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate.ForceUpdate ?? 0) + 1 };
  await docker.getService(name).update({ ...Spec, TaskTemplate, version: Version.Index });
}

/** The task that replaces the old one, once it runs on a node whose engine answers. */
async function findSuccessor(
  docker: EngineConnection["docker"],
  service: Service,
  old: Task,
  inventory: Inventory,
  login: RedisLogin,
): Promise<{ task: Task; redis: TaskRedis } | undefined> {
  const task = (await listTasks(docker, service.ID)).find(
    ({ ID, DesiredState, Status }) => ID !== old.ID && DesiredState === "running" && Status.State === "running",
  );
  if (!task) return undefined;
  try {
    return { task, redis: await TaskRedis.open(task, inventory, login) };
  } catch {
    return undefined; // It ended again already.
  }
}

async function isPong(redis: TaskRedis): Promise<boolean> {
  return (await redis.send("ping").catch(() => undefined)) === "PONG";
}
