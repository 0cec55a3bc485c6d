import { setTimeout as sleep } from "node:timers/promises";
import { advisedDocker } from "../../text/advised-command.ts";
import { dockerWords, readAgain } from "../api/errors.ts";
import type { Service, Task } from "../api/objects.ts";
import { inspectService, listServices, listTasks, type RegistryCredentials } from "../api/reads.ts";
import type { Redact } from "../api/redaction.ts";
import { listNodes, type EngineConnection, type ListedNode } from "../engine/connection.ts";
import { hastenRollback, requestRollback, rollbackOutcome } from "./rollback.ts";
import {
  examineTask,
  explainFailedTasks,
  explainPendingTask,
  writeExplanation,
  type Explanation,
  type TaskEvidence,
} from "./task-failure.ts";
import { isHomeless, isRollbackBlocked, judgeTasks, type Failure } from "./tasks.ts";

/** A service that exists but is not in effect as declared, and why. */
export class ConvergenceError extends Error {
  override readonly name = "ConvergenceError";
}

/** How a service is waited for. */
export interface ConvergenceOptions {
  /** Tasks that were there before the operation began. */
  earlierTasks: ReadonlySet<string>;
  /** Tasks that Swarm will replace although nothing in their specification shows it: their ports are the old ones. */
  doomedTasks: ReadonlySet<string>;
  /** When to give up, in the time of `performance.now()`. */
  deadlineMs: number;
  onProgress: (message: string) => void;
  signal: AbortSignal;
  redact: Redact;
  credentials: RegistryCredentials | undefined;
  /** What the image's registry said when it was asked before the operation, where it had no answer. */
  registryFailure?: string | undefined;
}

/** A service as it is once everything that was declared is in effect. */
export interface ConvergedService {
  service: Service;
  tasks: Task[];
  warnings: string[];
}

/** How long to wait between two looks; a look at a service and its tasks costs an engine about 2 ms. */
const lookEveryMs = 100;

/** How long the list of nodes is used before it is read again. */
const nodesEveryMs = 3000;

/**
 * Waits until every task of a service runs as declared (and is healthy, where it has a health check) and the tasks that
 * it replaces are gone.
 *
 * Where Swarm may roll the update back, this also waits until Swarm calls the update completed, at the end of its monitoring period. A
 * rollback is waited for to its end, and requested where Swarm would wait forever for a node; either way what was declared is not in effect.
 *
 * @throws ConvergenceError as soon as it is clear that this will not be; at the deadline; when `signal` is aborted.
 */
export async function awaitConvergence(
  connection: EngineConnection,
  serviceId: string,
  options: ConvergenceOptions,
): Promise<ConvergedService> {
  const { docker } = connection;
  const memory = { ...options, definiteFailures: new Set<string>(), ...stopwatches() };
  const evidence = new Map<string, TaskEvidence>();
  let nodes: ListedNode[] = [];
  let nodesReadAtMs = -Infinity;
  let reported = "";
  let reason: Explanation | undefined;
  let isHastened = false;
  for (;;) {
    const service = await inspectService(docker, serviceId);
    if (!service) throw new ConvergenceError("the service was removed by someone else in the meantime.");
    const tasks = (await listTasks(docker, serviceId)).map((task) => withoutSecrets(task, options.redact));
    if (performance.now() - nodesReadAtMs > nodesEveryMs) {
      nodes = await readAgain(() => listNodes(connection));
      nodesReadAtMs = performance.now();
    }
    const downNodes = new Set(nodes.filter((node) => node.state === "down").map((node) => node.id));
    for (const task of tasks.filter((one) => isNewlyFailed(one, memory.earlierTasks) && !evidence.has(one.ID))) {
      const found = await examineTask(docker, task, options);
      evidence.set(task.ID, found);
      // The health check has had its retries, and a registry will refuse again.
      if (found.failedProbe !== undefined || found.registryAnswer !== undefined) memory.definiteFailures.add(task.ID);
    }
    memory.beginLook();
    const view = { service, tasks, downNodes };
    const verdict = judgeTasks(view, memory);
    if (!isHastened && isRollbackBlocked(view, memory)) {
      isHastened = await hastenRollback(connection, service);
      await pause(lookEveryMs, options.signal, service);
      continue;
    }
    if (verdict.state === "converged") return { service, tasks, warnings: verdict.warnings };
    if (verdict.state === "failed") {
      const why = reason ?? (await explain(connection, service, verdict, evidence, nodes));
      if (verdict.takeBack) {
        reason = await takeBack(connection, service, why, options.onProgress);
        await pause(lookEveryMs, options.signal, service);
        continue;
      }
      const outcome = rollbackOutcome(verdict, service, tasks, evidence);
      throw new ConvergenceError(writeExplanation({ ...why, ...(outcome !== undefined && { outcome }) }));
    }
    if (verdict.progress !== reported) options.onProgress((reported = verdict.progress));
    if (performance.now() > options.deadlineMs) {
      throw new ConvergenceError(
        writeExplanation({
          path: `service "${service.Spec.Name}": convergeConfig.timeout`,
          expected: "enough time for the service to come into effect",
          got: `a timeout during: ${verdict.progress}`,
          fix: `Raise it (or customTimeouts), or see what delays the task: \`${advisedDocker(`service ps --no-trunc ${service.Spec.Name}`)}\``,
        }),
      );
    }
    await pause(lookEveryMs, options.signal, service);
  }
}

/** A task in whose error the program's secrets are masked. */
function withoutSecrets(task: Task, redact: Redact): Task {
  const { Err } = task.Status;
  return Err === "" || isHomeless(task) ? task : { ...task, Status: { ...task.Status, Err: redact(Err) } };
}

function isNewlyFailed(task: Task, earlierTasks: ReadonlySet<string>): boolean {
  return ["complete", "failed", "rejected"].includes(task.Status.State) && !earlierTasks.has(task.ID);
}

async function explain(
  { docker }: EngineConnection,
  service: Service,
  verdict: Failure,
  evidence: ReadonlyMap<string, TaskEvidence>,
  nodes: readonly ListedNode[],
): Promise<Explanation> {
  const last = verdict.tasks.at(-1);
  if (verdict.kind === "pending" && last) return explainPendingTask(service, last, nodes, await listServices(docker));
  return explainFailedTasks(service, verdict.tasks, last && evidence.get(last.ID), verdict.words);
}

/** Asks Swarm to bring back the former version; returns the reason once Swarm has accepted that. */
async function takeBack(
  connection: EngineConnection,
  service: Service,
  why: Explanation,
  onProgress: (message: string) => void,
): Promise<Explanation | undefined> {
  onProgress(`${why.got}: bringing the former version back`);
  try {
    return (await requestRollback(connection, service)) ? why : undefined;
  } catch (error) {
    const outcome = `The former version could not be brought back: ${dockerWords(error)}.`;
    throw new ConvergenceError(writeExplanation({ ...why, outcome }));
  }
}

/** Remembers since when something has been true at every look. */
function stopwatches() {
  let before = new Map<string, number>();
  let now = new Map<string, number>();
  return {
    beginLook: () => {
      before = now;
      now = new Map();
    },
    heldMs: (name: string) => {
      const since = before.get(name) ?? performance.now();
      now.set(name, since);
      return performance.now() - since;
    },
  };
}

async function pause(milliseconds: number, signal: AbortSignal, service: Service): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new ConvergenceError(`service "${service.Spec.Name}": stopped while waiting for its tasks.`);
  });
}
