/**
 * What a service's tasks say about it: is what was declared in effect, is it on its way, or will it never be?
 *
 * Pure reasoning over one look at the swarm; convergence.ts looks again and again.
 */
import { isDeepStrictEqual } from "node:util";
import { taskWords } from "../../text/task-state.ts";
import type { Port, Service, Task, TaskSpec } from "../api/objects.ts";

/** One look at a service. */
export interface ServiceView {
  service: Service;
  /** In the order of their creation. */
  tasks: readonly Task[];
  /** Nodes on which it is unknown what runs. */
  downNodes: ReadonlySet<string>;
}

/** What is kept from one look to the next. */
export interface Memory {
  /** Tasks that were there before the operation began. */
  earlierTasks: ReadonlySet<string>;
  /** Tasks that Swarm will replace although nothing in their specification shows it. */
  doomedTasks: ReadonlySet<string>;
  /** Tasks whose failure needs no second one to be believed. */
  definiteFailures: ReadonlySet<string>;
  /** For how long, in milliseconds, the thing of this name has been so at every look. */
  heldMs: (name: string) => number;
}

/** What one look comes to. */
export type TasksVerdict =
  { state: "converged"; warnings: string[] } | { state: "waiting"; progress: string } | Failure;

/** Why what was declared will not be. */
export interface Failure {
  state: "failed";
  kind: "failing" | "pending";
  /** Those that failed, oldest first. */
  tasks: Task[];
  /** Swarm's, where it has said something about the whole update. */
  words?: string;
  /** Whether the service wants its former version back and Swarm will not bring it back: it waits for a node forever. */
  takeBack?: boolean;
  /** What came of a rollback. */
  former?: "runs" | "does not run";
}

/** States that a task never leaves (https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/). */
const finalStates = new Set(["complete", "shutdown", "failed", "rejected", "remove", "orphaned"]);

/** Final states that a task of a service reaches only because something went wrong; a service's task never completes. */
const failureStates = new Set(["complete", "failed", "rejected", "orphaned"]);

/** So many failed tasks of one slot are no accident: Swarm has already tried again. */
const failuresBelieved = 2;

/** How long a task must be without a node, with nothing of this service in its way, before it is given up. */
const pendingBelievedMs = 3000;

/** How long a slot must be without a live task after a failure: Swarm makes the next one at once, if it makes one. */
const abandonedBelievedMs = 1500;

/** How long Swarm may take to begin a rollback after a failure: it does so at once. */
const rollbackBelievedMs = 3000;

/** How long a rollback must have stood still until it is hastened: a task that has a node is stopped within a moment. */
const blockedBelievedMs = 500;

/** How long a task without a health check must run until it counts as started. */
const settleMs = 2000;

/**
 * How long a task must have been left alone whose constraints are no longer the service's: Swarm decides within
 * milliseconds whether its node still satisfies them.
 */
const keptBelievedMs = 1000;

/** How long a global service without any task is waited for. */
const noTaskBelievedMs = 3000;

/** Whether a task is neither stopped nor about to be forgotten. */
export function isLive(task: Task): boolean {
  return !finalStates.has(task.Status.State);
}

/**
 * Whether Swarm regards a task as one of the service's present specification.
 *
 * A task whose placement alone differs is kept as long as its node still satisfies the constraints (swarmkit
 * manager/orchestrator/task.go, `IsTaskDirty`); once it does not, the task is shut down.
 */
export function isUpToDate(task: Task, service: Service): boolean {
  return isDeepStrictEqual(withoutPlacement(task.Spec), withoutPlacement(service.Spec.TaskTemplate));
}

/** Whether a task was kept although the placement in the service's specification is another. */
export function isKeptDespitePlacement(task: Task, service: Service): boolean {
  return isUpToDate(task, service) && !isDeepStrictEqual(task.Spec.Placement, service.Spec.TaskTemplate.Placement);
}

/** Docker shows the runtime of a service but not that of its tasks. */
function withoutPlacement(spec: TaskSpec): TaskSpec {
  return { ...spec, Placement: undefined, Runtime: spec.Runtime || "container" };
}

/**
 * Whether a running task publishes in host mode just what its service declares. Ports in ingress mode do not show in a
 * task; about them this says nothing.
 */
function publishesDeclaredHostPorts(task: Task, service: Service): boolean {
  const isHost = (port: Port) => port.PublishMode === "host";
  const declared = (service.Spec.EndpointSpec?.Ports ?? []).filter(isHost);
  // Docker lists a port once per address family.
  const actual = (task.Status.PortStatus?.Ports ?? []).filter(isHost);
  const matches = (wanted: Port, found: Port) =>
    wanted.TargetPort === found.TargetPort &&
    (wanted.Protocol || "tcp") === (found.Protocol || "tcp") &&
    (!wanted.PublishedPort || wanted.PublishedPort === found.PublishedPort);
  return (
    declared.every((wanted) => actual.some((found) => matches(wanted, found))) &&
    actual.every((found) => declared.some((wanted) => matches(wanted, found)))
  );
}

/**
 * Whether a task publishes other host ports than its service declares. While it is being started this is unknown: its
 * ports show once it runs.
 */
export function publishesOtherHostPorts(task: Task, service: Service): boolean {
  const isTold = task.Status.State === "running" || (task.Status.PortStatus?.Ports ?? []).length > 0;
  return isTold && !publishesDeclaredHostPorts(task, service);
}

/** Judges one look at a service. */
export function judgeTasks(view: ServiceView, memory: Memory): TasksVerdict {
  const { service, tasks, downNodes } = view;
  const update = service.UpdateStatus;
  const present = tasks.filter((task) => isUpToDate(task, service));
  const failed = present.filter((task) => hasFailed(task) && !memory.earlierTasks.has(task.ID));
  const live = tasks.filter(isLive);
  // One that was being started when the operation began shows only now that it has the ports of before.
  const hasFormerPorts = (task: Task) =>
    memory.earlierTasks.has(task.ID) &&
    publishesOtherHostPorts(task, service) &&
    !isKeptDespitePlacement(task, service);
  const wanted = present.filter(
    (task) => isLive(task) && isWanted(task) && !memory.doomedTasks.has(task.ID) && !hasFormerPorts(task),
  );
  // A task that has no node and is not to get one holds nothing, and stays as it is until Swarm forgets it.
  const leaving = live.filter(
    (task) => !wanted.includes(task) && !downNodes.has(task.NodeID) && (isWanted(task) || task.NodeID !== ""),
  );
  const replicas = service.Spec.Mode.Global ? undefined : (service.Spec.Mode.Replicated?.Replicas ?? 1);

  // Once Swarm rolls back, the service's specification is the old one: its tasks would pass for what was declared.
  if (update?.State?.startsWith("rollback_")) return judgeRollback(view, memory, replicas);
  const mayRollBack = update?.State === "updating" && service.Spec.UpdateConfig?.FailureAction === "rollback";
  const failing = (failedTasks: Task[], words?: string): TasksVerdict =>
    mayRollBack && memory.heldMs("failed, not rolled back") < rollbackBelievedMs
      ? { state: "waiting", progress: `${describe(failedTasks.at(-1))}; Swarm brings the former version back` }
      : failure(failedTasks, words);
  const unlucky = hopelessSlot(failed, memory);
  if (unlucky) return failing(unlucky);
  if (update?.State === "paused" && (replicas === undefined ? leaving.length > 0 : slotsOf(wanted).size < replicas)) {
    return failing(failed, `update paused: ${update.Message ?? ""}`);
  }
  const abandoned = [...slotsOf(failed).entries()].find(
    ([slot]) =>
      !live.some((task) => slotOf(task) === slot) && memory.heldMs(`abandoned ${slot}`) >= abandonedBelievedMs,
  );
  if (abandoned) return failing(abandoned[1]);
  const homeless = wanted.filter(
    (task) =>
      isHomeless(task) &&
      leaving.length === 0 &&
      memory.heldMs(`pending ${task.ID} ${task.Status.Err}`) >= pendingBelievedMs,
  );
  if (homeless.length > 0) return { state: "failed", kind: "pending", tasks: homeless, takeBack: mayRollBack };

  const running = wanted.filter(
    (task) =>
      task.Status.State === "running" &&
      (hasConstraintsOf(service, task) || memory.heldMs(`kept ${task.ID}`) >= keptBelievedMs) &&
      isSettled(task, memory),
  );
  const isComplete =
    replicas === undefined
      ? running.length === wanted.length && (wanted.length > 0 || memory.heldMs("no task") >= noTaskBelievedMs)
      : slotsOf(running).size === replicas && wanted.length === replicas;
  if (isComplete && leaving.length === 0) {
    // Until then Swarm may need the configurations and secrets of the former version, which are deleted after this.
    if (mayRollBack) return { state: "waiting", progress: "running; Swarm watches whether it stays up" };
    return { state: "converged", warnings: warningsOf(view, wanted) };
  }
  return {
    state: "waiting",
    progress: progressOf(replicas ?? wanted.length, { running, wanted, leaving, failed }),
  };
}

/**
 * A rollback is waited for until the former version runs, or will not; not until Swarm has watched it for its time.
 *
 * That Swarm calls it completed says neither: where it has made the next task before it turned to the rollback, nothing is
 * left to be replaced, and it is completed before that task has started (swarmkit manager/orchestrator/update/updater.go).
 */
function judgeRollback(
  { service, tasks, downNodes }: ServiceView,
  memory: Memory,
  replicas: number | undefined,
): TasksVerdict {
  const State = service.UpdateStatus?.State ?? "";
  const words = `${State.replace("_", " ")}: ${service.UpdateStatus?.Message ?? ""}`;
  const failed = tasks.filter((task) => hasFailed(task) && !memory.earlierTasks.has(task.ID));
  const [own, others] = [true, false].map((isOwn) => failed.filter((task) => isUpToDate(task, service) === isOwn));
  const blamed = others !== undefined && others.length > 0 ? others : failed;
  const live = tasks.filter((task) => isUpToDate(task, service) && isLive(task) && isWanted(task));
  const running = live.filter((task) => task.Status.State === "running" && isSettled(task, memory));
  if (slotsOf(running).size >= (replicas ?? 1)) return { ...failure(blamed), former: "runs" };
  // Swarm waits forever for a node, and a node that is lost may never come back.
  const isBlocked = tasks.some(
    (task) => isLive(task) && !live.includes(task) && task.NodeID !== "" && !downNodes.has(task.NodeID),
  );
  const lacksNode =
    !isBlocked && live.some((task) => isHomeless(task) && memory.heldMs(`pending ${task.ID}`) >= pendingBelievedMs);
  if (State === "rollback_started" && !lacksNode) return { state: "waiting", progress: words };
  const isStuck =
    lacksNode ||
    hopelessSlot(own ?? [], memory) !== undefined ||
    (live.length === 0 && memory.heldMs("no former task") >= pendingBelievedMs);
  return isStuck
    ? { ...failure(blamed, words), former: "does not run" }
    : { state: "waiting", progress: `${words}; ${describe(live.at(-1))}` };
}

/**
 * Whether a rollback is stuck because the former version's next task waits for one of the failed version that no node has: its
 * host port is the other's, say, or no node can take it.
 */
export function isRollbackBlocked({ service, tasks }: ServiceView, memory: Pick<Memory, "heldMs">): boolean {
  if (service.UpdateStatus?.State !== "rollback_started") return false;
  const next = tasks.find(
    (task) => isLive(task) && isWanted(task) && task.DesiredState === "ready" && isUpToDate(task, service),
  );
  const homeless = tasks.find((task) => isLive(task) && !isWanted(task) && task.NodeID === "");
  if (!next?.NodeID || homeless === undefined) return false;
  return memory.heldMs(`blocked by ${homeless.ID}`) >= blockedBelievedMs;
}

/** Whether a running task has shown that it stays: it is healthy, or has run for a while without a health check. */
function isSettled(task: Task, memory: Memory): boolean {
  return memory.earlierTasks.has(task.ID) || hasHealthcheck(task) || memory.heldMs(`running ${task.ID}`) >= settleMs;
}

/** Whether the scheduler has looked at a task and found no node. */
export function isHomeless(task: Task): boolean {
  return (task.Status.State === "pending" || task.Status.State === "new") && task.Status.Err !== "";
}

function failure(tasks: Task[], words?: string): Failure {
  return { state: "failed", kind: "failing", tasks, ...(words !== undefined && { words: words.replace(/: $/, "") }) };
}

function isWanted(task: Task): boolean {
  return task.DesiredState !== "shutdown" && task.DesiredState !== "remove";
}

function hasConstraintsOf(service: Service, task: Task): boolean {
  return isDeepStrictEqual(
    task.Spec.Placement?.Constraints ?? [],
    service.Spec.TaskTemplate.Placement?.Constraints ?? [],
  );
}

function hasFailed(task: Task): boolean {
  return failureStates.has(task.Status.State);
}

/** A replica's number, or a global service's node. */
function slotOf(task: Task): string {
  return task.Slot === 0 ? task.NodeID : String(task.Slot);
}

function slotsOf(tasks: readonly Task[]): Map<string, Task[]> {
  return Map.groupBy(tasks, slotOf);
}

/** The failed tasks of a slot in which another attempt would fail as well. */
function hopelessSlot(failed: readonly Task[], memory: Memory): Task[] | undefined {
  return [...slotsOf(failed).values()].find(
    (inSlot) => inSlot.length >= failuresBelieved || inSlot.some((task) => memory.definiteFailures.has(task.ID)),
  );
}

function hasHealthcheck(task: Task): boolean {
  const test = task.Spec.ContainerSpec?.Healthcheck?.Test ?? [];
  return test.length > 0 && test[0] !== "NONE";
}

function warningsOf({ service, tasks, downNodes }: ServiceView, wanted: readonly Task[]): string[] {
  const lost = tasks.filter((task) => isLive(task) && !wanted.includes(task) && downNodes.has(task.NodeID));
  return [
    ...lost.map((task) => `the task ${task.ID} may still run on the node ${task.NodeID}, which is down`),
    ...(service.Spec.Mode.Global && wanted.length === 0 ? ["no node satisfies the constraints: nothing runs"] : []),
  ];
}

/** The groups of tasks from which a look is described. */
type TaskGroups = Readonly<Record<"running" | "wanted" | "leaving" | "failed", readonly Task[]>>;

function progressOf(replicas: number, { running, wanted, leaving, failed }: TaskGroups): string {
  const starting = wanted.find((task) => !running.includes(task) && task.DesiredState === "running") ?? wanted.at(-1);
  const current = leaving.length > 0 ? `${leaving.length} old still stopping` : describe(starting);
  const earlier = failed.at(-1);
  return [
    ...(replicas > 1 ? [`${running.length} of ${replicas} tasks running`] : []),
    current,
    ...(earlier ? [`the one before ended: ${earlier.Status.Err || earlier.Status.State}`] : []),
  ].join("; ");
}

function describe(task: Task | undefined): string {
  if (!task) return "no task yet";
  return `task ${taskWords(task.Status.State, task.Status.Err)}`;
}
