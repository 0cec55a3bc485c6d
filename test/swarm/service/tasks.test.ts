import assert from "node:assert/strict";
import { serviceSchema, taskSchema, type Service, type Task } from "../../../swarm/api/objects.ts";
import { rollbackOutcome } from "../../../swarm/service/rollback.ts";
import { explainFailedTasks, explainPendingTask, writeExplanation } from "../../../swarm/service/task-failure.ts";
import {
  isKeptDespitePlacement,
  isRollbackBlocked,
  isUpToDate,
  judgeTasks,
  publishesOtherHostPorts,
  type Memory,
  type TasksVerdict,
} from "../../../swarm/service/tasks.ts";

const template = (change: object = {}) => ({
  ContainerSpec: { Image: "redis", Healthcheck: { Test: ["CMD", "redis-cli", "ping"] } },
  Placement: { Constraints: ["node.hostname==vm"] },
  ForceUpdate: 0,
  ...change,
});

const service = (
  options: { replicas?: number; template?: object; ports?: object[]; update?: object; onFailure?: string } = {},
): Service =>
  serviceSchema.parse({
    ID: "s1",
    Version: { Index: 9 },
    Spec: {
      Name: "stateful",
      TaskTemplate: { ...template(options.template), Runtime: "container" },
      Mode: { Replicated: { Replicas: options.replicas ?? 1 } },
      EndpointSpec: { Mode: "vip", Ports: options.ports ?? [] },
      UpdateConfig: { FailureAction: options.onFailure ?? "pause" },
    },
    ...(options.update && { UpdateStatus: options.update }),
  });

const task = (
  id: string,
  state: string,
  options: { slot?: number; desired?: string; err?: string; template?: object; ports?: object[]; node?: string } = {},
): Task =>
  taskSchema.parse({
    ID: id,
    CreatedAt: "2026-11-22T10:00:00Z",
    ServiceID: "s1",
    Slot: options.slot ?? 1,
    NodeID: options.node ?? "n1",
    Spec: template(options.template),
    DesiredState: options.desired ?? "running",
    Status: { State: state, Err: options.err ?? "", PortStatus: { Ports: options.ports ?? [] } },
  });

const port = (publishedPort: number) => ({
  Protocol: "tcp",
  TargetPort: 6379,
  PublishedPort: publishedPort,
  PublishMode: "host",
});

/** Judges one look; `heldMs` is for how long everything has been so. */
function look(
  tasks: Task[],
  options: {
    service?: Service;
    earlier?: string[];
    doomed?: string[];
    definite?: string[];
    heldMs?: number;
    down?: string[];
  } = {},
): TasksVerdict {
  const memory: Memory = {
    earlierTasks: new Set(options.earlier),
    doomedTasks: new Set(options.doomed),
    definiteFailures: new Set(options.definite),
    heldMs: () => options.heldMs ?? 0,
  };
  return judgeTasks({ service: options.service ?? service(), tasks, downNodes: new Set(options.down) }, memory);
}

const crashed = (id: string, slot = 1) =>
  task(id, "failed", { slot, desired: "shutdown", err: "task: non-zero exit (1)" });
const failure = { state: "failed", kind: "failing" } as const;
const noNode = "no suitable node (scheduling constraints not satisfied on 1 node)";
const old = { ForceUpdate: 7 };

describe("a service is in effect", () => {
  it("when the task of every slot runs as declared", () => {
    assert.equal(look([task("a", "running")]).state, "converged");
    assert.equal(look([task("a", "running")], { service: service({ replicas: 2 }) }).state, "waiting");
    const both = [task("a", "running"), task("b", "running", { slot: 2 })];
    assert.equal(look(both, { service: service({ replicas: 2 }) }).state, "converged");
  });

  it("not before the new task is healthy: until then Swarm says starting", () => {
    assert.deepEqual(look([task("a", "starting")]), { state: "waiting", progress: "task starting" });
  });

  it("not before the old task is gone", () => {
    const stopping = task("o", "running", { desired: "shutdown", template: old });
    assert.deepEqual(look([stopping, task("a", "running")], { earlier: ["o"] }), {
      state: "waiting",
      progress: "1 old still stopping",
    });
    const stopped = task("o", "shutdown", { desired: "shutdown", template: old });
    assert.equal(look([stopped, task("a", "running")], { earlier: ["o"] }).state, "converged");
  });

  it("not while Swarm still runs the task as it was declared before", () => {
    assert.equal(look([task("o", "running", { template: old })], { earlier: ["o"] }).state, "waiting");
  });

  it("at once with a task that was there before and is as declared", () => {
    assert.equal(look([task("o", "running")], { earlier: ["o"] }).state, "converged");
  });

  it("not with a task whose ports are the old ones", () => {
    assert.equal(look([task("o", "running")], { earlier: ["o"], doomed: ["o"] }).state, "waiting");
  });

  it("without a health check only when the task has stayed up for a while", () => {
    const unchecked = { ContainerSpec: { Image: "redis" } };
    const options = { service: service({ template: unchecked }) };
    const running = task("a", "running", { template: unchecked });
    assert.equal(look([running], options).state, "waiting");
    assert.equal(look([running], { ...options, heldMs: 2500 }).state, "converged");
  });

  it("with a kept task of other constraints only when Swarm has left it alone for a while", () => {
    const kept = task("o", "running", { template: { Placement: { Constraints: ["node.role==manager"] } } });
    assert.equal(look([kept], { earlier: ["o"] }).state, "waiting");
    assert.equal(look([kept], { earlier: ["o"], heldMs: 1500 }).state, "converged");
  });

  it("not while Swarm may still bring the former version back, which needs the former configurations", () => {
    const watched = (onFailure: string) => service({ onFailure, update: { State: "updating" } });
    assert.equal(look([task("a", "running")], { service: watched("pause") }).state, "converged");
    assert.equal(look([task("a", "running")], { service: watched("rollback") }).state, "waiting");
    const completed = service({ onFailure: "rollback", update: { State: "completed" } });
    assert.equal(look([task("a", "running")], { service: completed }).state, "converged");
  });

  it("with no replicas when nothing is left", () => {
    const none = { service: service({ replicas: 0 }), earlier: ["o"] };
    assert.equal(look([task("o", "running", { desired: "shutdown" })], none).state, "waiting");
    assert.equal(look([task("o", "shutdown", { desired: "shutdown" })], none).state, "converged");
  });

  it("with a warning when an old task stands on a node that is down", () => {
    const lost = task("o", "running", { desired: "shutdown", template: old, node: "n2" });
    const verdict = look([lost, task("a", "running")], { earlier: ["o"], down: ["n2"] });
    assert.deepEqual(verdict, {
      state: "converged",
      warnings: ["the task o may still run on the node n2, which is down"],
    });
  });
});

describe("a service will not be in effect", () => {
  it("when two tasks of one slot have failed, but not after the first", () => {
    assert.equal(look([crashed("a"), task("b", "ready", { desired: "ready" })]).state, "waiting");
    const verdict = look([crashed("a"), crashed("b"), task("c", "ready", { desired: "ready" })]);
    assert.deepEqual(verdict.state === "failed" && verdict.tasks.map(({ ID }) => ID), ["a", "b"]);
  });

  it("not when one task in each of two slots has failed", () => {
    const tasks = [crashed("a"), crashed("b", 2), task("c", "starting"), task("d", "starting", { slot: 2 })];
    assert.equal(look(tasks, { service: service({ replicas: 2 }) }).state, "waiting");
  });

  it("when a failure is beyond doubt", () => {
    assert.equal(look([crashed("a"), task("b", "ready")], { definite: ["a"] }).state, "failed");
  });

  it("not because of tasks that failed before the operation began", () => {
    assert.equal(look([crashed("a"), crashed("b"), task("c", "running")], { earlier: ["a", "b"] }).state, "converged");
  });

  it("when Swarm makes no other task after a failure", () => {
    assert.equal(look([crashed("a")]).state, "waiting");
    assert.equal(look([crashed("a")], { heldMs: 2000 }).state, "failed");
  });

  it("when a task finds no node, and nothing of the service is in its way", () => {
    const pending = task("a", "pending", { err: noNode });
    assert.equal(look([pending]).state, "waiting");
    assert.equal(look([pending], { heldMs: 3500 }).state, "failed");
    const stopping = task("o", "running", { desired: "shutdown", template: old });
    assert.equal(look([stopping, pending], { earlier: ["o"], heldMs: 3500 }).state, "waiting");
  });

  it("but the former version is, where the service says so: Swarm is given time to begin, and is asked where no node takes the task", () => {
    const updating = { service: service({ onFailure: "rollback", update: { State: "updating" } }) };
    const failed = [crashed("a"), crashed("b")];
    assert.equal(look(failed).state, "failed");
    assert.equal(look(failed, updating).state, "waiting");
    assert.equal(look(failed, { ...updating, heldMs: 3500 }).state, "failed");
    const pending = [task("a", "pending", { err: noNode })];
    const isAsked = (options: Parameters<typeof look>[1]) => {
      const verdict = look(pending, { ...options, heldMs: 3500 });
      return verdict.state === "failed" && verdict.takeBack === true;
    };
    assert.ok(isAsked(updating));
    // A first task has no version before it.
    assert.ok(!isAsked({ service: service({ onFailure: "rollback" }) }) && !isAsked({}));
  });

  it("and a rollback stands still that waits for a task without a node", () => {
    const started = service({ onFailure: "rollback", update: { State: "rollback_started" } });
    const of = (tasks: Task[], heldMs = 600, view = started) =>
      isRollbackBlocked({ service: view, tasks, downNodes: new Set() }, { heldMs: () => heldMs });
    const homeless = task("a", "pending", { desired: "shutdown", template: old, node: "", err: "no suitable node" });
    const next = task("b", "assigned", { desired: "ready" });
    assert.ok(of([homeless, next]));
    assert.ok(!of([homeless, next], 100));
    assert.ok(!of([homeless, next], 600, service({ update: { State: "updating" } })));
    assert.ok(!of([homeless, task("b", "pending", { desired: "ready", node: "" })]));
    assert.ok(!of([task("a", "running", { desired: "shutdown", template: old }), next]));
    assert.equal(look([homeless, task("b", "running")]).state, "converged", "what has no node is in nobody's way");
  });

  it("and a rollback is waited for until the former version runs, or does not", () => {
    const rolledBack = (state: string) => service({ onFailure: "rollback", update: { State: state, Message: "m" } });
    const of = (state: string, tasks: Task[], heldMs = 0) => look(tasks, { service: rolledBack(state), heldMs });
    const [failed, back] = [task("x", "failed", { template: old }), task("a", "running")];
    assert.equal(of("rollback_started", [failed, task("a", "starting")], 9000).state, "waiting");
    for (const state of ["rollback_started", "rollback_completed"])
      assert.deepEqual(of(state, [failed, back]), { ...failure, tasks: [failed], former: "runs" }, state);
    assert.equal(of("rollback_completed", [failed]).state, "waiting");
    const starting = task("a", "starting");
    assert.equal(of("rollback_completed", [failed, crashed("b"), starting], 9000).state, "waiting");
    const down = { ...failure, tasks: [failed], words: "rollback paused: m", former: "does not run" };
    assert.deepEqual(of("rollback_paused", [failed, crashed("b"), crashed("c"), starting]), down);
    assert.deepEqual(of("rollback_paused", [failed, task("a", "pending", { err: noNode })], 3500), down);
    const lost = [
      task("b", "running", { desired: "shutdown", node: "n2" }),
      task("a", "pending", { err: noNode, node: "" }),
    ];
    const started = { service: rolledBack("rollback_started"), heldMs: 3500 };
    assert.equal(look(lost, started).state, "waiting", "the task that leaves holds its port");
    const verdict = look(lost, { ...started, down: ["n2"] });
    assert.ok(verdict.state === "failed" && verdict.former === "does not run", "its node is lost");
    assert.match(rollbackOutcome(verdict, started.service, lost, new Map()) ?? "", /does not run: no suitable node/u);
    const unchecked = { ContainerSpec: { Image: "redis" } };
    const flapping = [failed, task("a", "running", { template: unchecked })];
    const options = { service: service({ template: unchecked, update: { State: "rollback_completed" } }) };
    assert.equal(look(flapping, options).state, "waiting");
    assert.equal(look(flapping, { ...options, heldMs: 2500 }).state, "failed");
  });

  it("when Swarm pauses the update with slots left, or has rolled it back", () => {
    const paused = service({ replicas: 2, update: { State: "paused", Message: "update paused due to failure" } });
    const verdict = look([crashed("a"), task("o", "running", { slot: 2, template: old })], { service: paused });
    assert.equal(verdict.state === "failed" && verdict.words, "update paused: update paused due to failure");
    const rollingBack = service({ update: { State: "rollback_started", Message: "rolling back" } });
    assert.equal(look([task("a", "starting")], { service: rollingBack }).state, "waiting");
    const back = service({ update: { State: "rollback_completed", Message: "rollback completed" } });
    const failed = task("x", "failed", { template: old });
    const rolledBack = look([failed, task("a", "running")], { service: back });
    assert.deepEqual(rolledBack.state === "failed" && rolledBack.tasks, [failed]);
  });
});

describe("a task", () => {
  it("is up to date when nothing but its placement differs, as Swarm has it", () => {
    const kept = task("a", "running", { template: { Placement: { Platforms: [{ OS: "linux" }] } } });
    assert.ok(isUpToDate(kept, service()) && isKeptDespitePlacement(kept, service()));
    assert.ok(isUpToDate(task("b", "running"), service()) && !isKeptDespitePlacement(task("b", "running"), service()));
    assert.ok(!isUpToDate(task("c", "running", { template: old }), service()));
  });

  it("publishes what is declared, each port listed once per address family", () => {
    const others = (state: string, ports: object[], declared: object[]) =>
      publishesOtherHostPorts(task("a", state, { ports }), service({ ports: declared }));
    const ports = [port(10000), port(10000)];
    assert.ok(!others("running", ports, [port(10000)]));
    assert.ok(others("running", ports, [port(10001)]));
    assert.ok(others("running", ports, []));
    assert.ok(!others("running", ports, [port(0)]));
  });

  it("that is still being started tells nothing of its ports, and is waited for as what it is", () => {
    const declared = { service: service({ ports: [port(10000)] }), earlier: ["a"] };
    assert.ok(!publishesOtherHostPorts(task("a", "starting"), declared.service));
    assert.deepEqual(look([task("a", "starting")], declared), { state: "waiting", progress: "task starting" });
    assert.equal(look([task("a", "running", { ports: [port(10000)] })], declared).state, "converged");
    assert.deepEqual(look([task("a", "running", { ports: [port(9999)] })], declared), {
      state: "waiting",
      progress: "1 old still stopping",
    });
  });
});

describe("the explanation of a failure", () => {
  const node = {
    id: "n1",
    hostname: "vm",
    role: "manager",
    availability: "active",
    state: "ready",
    address: "198.18.0.1",
    labels: { zone: "a", rack: "7" },
  } as const;

  it("names the constraints and the nodes that exist, with the labels that were asked for", () => {
    const placed = service({ template: { Placement: { Constraints: ["node.labels.zone==b"] } } });
    assert.equal(
      writeExplanation(explainPendingTask(placed, task("a", "pending", { err: noNode }), [node], [])),
      `service "stateful": taskSpec.placement.constraints: expected constraints that a node satisfies, ` +
        `got ["node.labels.zone==b"]: ${noNode}. ` +
        `Change the constraints, or the nodes. The nodes: vm (id n1, manager, ready, active, zone=a).`,
    );
  });

  it("asks for a lost node back that the service is tied to", () => {
    const tied = service({ template: { Placement: { Constraints: ["node.hostname==vm"] } } });
    const fix = (state: "down" | "ready") =>
      explainPendingTask(tied, task("a", "pending", { err: noNode }), [{ ...node, state }], []).fix;
    assert.match(fix("down"), /^Start vm again, which is down: /u);
    assert.match(fix("ready"), /^Change the constraints, or the nodes\. /u);
  });

  it("names the service that holds a port", () => {
    const err = "no suitable node (host-mode port already in use on 1 node)";
    const ours = service({ ports: [port(10000)] });
    const other = { ...ours, ID: "s2", Spec: { ...ours.Spec, Name: "other" } };
    const { got } = explainPendingTask(ours, task("a", "pending", { err }), [node], [ours, other]);
    assert.equal(got, `10000: ${err}, by the service "other"`);
  });

  it("names the limit that a task has outgrown", () => {
    const limited = service({ template: { Resources: { Limits: { MemoryBytes: 100 * 1024 * 1024 } } } });
    const killed = task("a", "failed", {
      err: "task: non-zero exit (137)",
      template: { ...limited.Spec.TaskTemplate },
    });
    const { path, got } = explainFailedTasks(service(), [killed], { outOfMemory: true, logLines: [] }, undefined);
    assert.equal(path, 'service "stateful": taskSpec.resources.limits.memoryBytes');
    assert.equal(got, "100 MiB and stateful.1, which failed: task: non-zero exit (137), out of memory");
  });

  it("ends with the last log lines", () => {
    const evidence = { outOfMemory: false, logLines: ["one", "two"] };
    const text = writeExplanation(explainFailedTasks(service(), [crashed("a"), crashed("b")], evidence, undefined));
    assert.match(
      text,
      /got stateful\.1, which failed 2 times: task: non-zero exit \(1\)\. Correct the service\. .*:\n {4}one\n {4}two$/s,
    );
    assert.match(
      writeExplanation(explainFailedTasks(service(), [crashed("a")], undefined, undefined)),
      /Look at its log/,
    );
  });
});
