/** Why a task did not start or stay up: Swarm's own words, and what only the container or the registry can add. */
import type Docker from "dockerode";
import { parseConstraint, satisfies } from "../../model/placement/constraints.ts";
import { describeNodes, lackFixes, placeAdvice } from "../../model/placement/feasibility.ts";
import { isUsable } from "../../model/placement/task-location.ts";
import { advisedDocker } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import { printableLines } from "../../text/escape.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { dockerWords, readAgain } from "../api/errors.ts";
import type { Service, Task } from "../api/objects.ts";
import { inspectContainer, inspectDistribution, type RegistryCredentials } from "../api/reads.ts";
import { readFrames } from "../api/frames.ts";
import type { Redact } from "../api/redaction.ts";
import { credentialsAdvice, registryOf } from "../api/registry-credentials.ts";
import type { ListedNode } from "../engine/connection.ts";

/** What is known of a failed task beyond what Swarm says. */
export interface TaskEvidence {
  /** The engine's kernel killed it for using more memory than its limit. */
  outOfMemory: boolean;
  /** What the last failed health check printed, when an unhealthy container was the reason. */
  failedProbe?: string;
  /** The last lines that the container printed. */
  logLines: string[];
  /** What the image's registry answers, when there is no such image. */
  registryAnswer?: string;
}

const logLineCount = 10;
const longestLine = 300;
const noSuchImage = "No such image: ";

/**
 * Looks at a failed task before Swarm forgets its container.
 *
 * The container can be asked only on the engine that this process is connected to; for a task of another node the log,
 * which Swarm fetches from there, is all there is.
 */
export async function examineTask(
  docker: Docker,
  task: Task,
  options: { redact: Redact; credentials: RegistryCredentials | undefined; registryFailure?: string | undefined },
): Promise<TaskEvidence> {
  if (task.Status.Err.startsWith(noSuchImage)) {
    const image = task.Spec.ContainerSpec?.Image ?? "";
    const registryAnswer = options.registryFailure ?? (await askRegistry(docker, image, options.credentials));
    return { outOfMemory: false, logLines: [], registryAnswer };
  }
  const containerId = task.Status.ContainerStatus?.ContainerID;
  if (!containerId) return { outOfMemory: false, logLines: [] };
  const [container, logLines] = await Promise.all([
    inspectContainer(docker, containerId).catch(() => undefined),
    lastLogLines(docker, task).catch(() => []),
  ]);
  const health = container?.State.Health;
  const lastProbe = health?.Log?.findLast((probe) => probe.ExitCode !== 0);
  // Docker calls every container unhealthy that has ended.
  const retries = task.Spec.ContainerSpec?.Healthcheck?.Retries || 3;
  const isUnhealthy = health?.Status === "unhealthy" && health.FailingStreak >= retries;
  return {
    outOfMemory: container?.State.OOMKilled ?? false,
    ...(isUnhealthy && { failedProbe: shownOutput(lastProbe?.Output.trim() ?? "", options.redact) }),
    logLines: logLines.map((line) => shownOutput(line, options.redact)),
  };
}

/** What a container printed, safe to show: masked before it is cut, so that no half of a secret is left, and without control characters. */
export function shownOutput(text: string, redact: Redact): string {
  return cut(printableLines(redact(text)));
}

async function askRegistry(
  docker: Docker,
  image: string,
  credentials: RegistryCredentials | undefined,
): Promise<string> {
  try {
    await inspectDistribution(docker, image, credentials);
    return "the image is there, but the node could not fetch it";
  } catch (error) {
    return dockerWords(error);
  }
}

async function lastLogLines(docker: Docker, task: Task): Promise<string[]> {
  // dockerode's types lack the logs of a task (lib/task.js has them); without `follow` they come at once, as a buffer.
  const source = docker.getTask(task.ID) as unknown as { logs: (options: object) => Promise<unknown> };
  const answer = await readAgain(() => source.logs({ stdout: true, stderr: true, tail: logLineCount }));
  if (!Buffer.isBuffer(answer)) return [];
  return readFrames(answer)
    .text.split("\n")
    .filter((line) => line.trim() !== "");
}

function cut(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine)}…` : text;
}

/** A failure in the parts of an {@link InputError}, with what the container printed below it. */
export type Explanation = ConstructorParameters<typeof InputError>[0] & {
  logLines?: readonly string[];
  /** How it ended, as a sentence. */
  outcome?: string;
};

/** Writes an explanation as `<path>: expected <rule>, got <value>. <Fix>. <Outcome>` and the log lines after it. */
export function writeExplanation({ logLines = [], outcome, ...mistake }: Explanation): string {
  const { message } = new InputError(mistake);
  const said = outcome === undefined ? message : `${message} ${outcome}`;
  return logLines.length === 0
    ? said
    : `${said} The failed task's last log lines:\n${logLines.map((line) => `    ${line}`).join("\n")}`;
}

/**
 * Says why the last of some failed tasks failed.
 *
 * @param words - what Swarm says of the update as a whole, such as that it is paused
 */
export function explainFailedTasks(
  service: Service,
  tasks: readonly Task[],
  evidence: TaskEvidence | undefined,
  words: string | undefined,
): Explanation {
  const { Name } = service.Spec;
  const path = `service "${Name}"`;
  const task = tasks.at(-1);
  const says = words === undefined ? "" : ` (${words})`;
  const logLines = evidence?.logLines ?? [];
  const lookAtLog =
    logLines.length > 0
      ? "Correct the service"
      : `Look at its log (\`${advisedDocker(`service logs ${Name}`)}\`) and correct the service`;
  if (!task) return { path, expected: "an update that goes through", got: words ?? "a failure", fix: lookAtLog };
  const times = tasks.length > 1 ? ` ${tasks.length} times` : "";
  const status = task.Status.Err || `${task.Status.State}, exit code ${task.Status.ContainerStatus?.ExitCode ?? 0}`;
  const failed = `${taskName(task, service)}, which failed${times}: ${status}${says}`;
  if (evidence?.registryAnswer !== undefined) {
    return {
      path: `${path}: taskSpec.containerSpec.image`,
      expected: `an image that its registry ${registryOf(task.Spec.ContainerSpec?.Image ?? "")} has`,
      got: `${showValue(task.Spec.ContainerSpec?.Image)}: ${status}; the registry answers: ${evidence.registryAnswer}`,
      fix: `Correct the image's name, tag or digest, push it, or ${credentialsAdvice(task.Spec.ContainerSpec?.Image ?? "")}`,
    };
  }
  if (evidence?.outOfMemory) {
    const limitBytes = task.Spec.Resources?.Limits?.MemoryBytes ?? 0;
    return {
      path: `${path}: taskSpec.resources.limits.memoryBytes`,
      expected: "enough memory for the task",
      got: `${limitBytes > 0 ? byteWords(limitBytes) : "no limit"} and ${failed}, out of memory`,
      fix: "Raise the limit, or make the service need less",
      logLines,
    };
  }
  if (evidence?.failedProbe !== undefined) {
    return {
      path: `${path}: taskSpec.containerSpec.healthcheck`,
      expected: "a health check that succeeds within its retries",
      got: `failures${says}${evidence.failedProbe && `, the last one with: ${evidence.failedProbe}`}`,
      fix: lookAtLog,
      logLines,
    };
  }
  return { path, expected: "a task that keeps running", got: failed, fix: lookAtLog, logLines };
}

/** `stateful.1`, as `docker service ps` names it; by node for a global service. */
function taskName(task: Task, service: Service): string {
  return `${service.Spec.Name}.${task.Slot === 0 ? task.NodeID : task.Slot}`;
}

/**
 * Says why a task finds no node, in Swarm's words, with the nodes that exist and the services that are in the way. What to do is what
 * model/placement/feasibility.ts says before an update.
 *
 * Swarm gives one reason for each filter that excluded nodes (swarmkit manager/scheduler/filter.go).
 */
export function explainPendingTask(
  service: Service,
  task: Task,
  nodes: readonly ListedNode[],
  services: readonly Service[],
): Explanation {
  const words = task.Status.Err;
  const explain = (field: string, expected: string, got: string, fix: string, constraints: readonly string[] = []) => ({
    path: `service "${service.Spec.Name}": ${field}`,
    expected,
    got,
    fix: `${fix}. The nodes: ${describeNodes(nodes, constraints)}`,
  });
  if (words.includes("host-mode port")) {
    const wanted = hostPorts(service);
    const others = services.filter(
      (one) => one.ID !== service.ID && hostPorts(one).some((port) => wanted.includes(port)),
    );
    const holders = others.map((one) => `"${one.Spec.Name}"`).join(", ");
    const got = `${wanted.join(", ")}: ${words}${holders && `, by the service ${holders}`}`;
    return explain("endpointSpec.ports", "host ports that are free on a suitable node", got, lackFixes.ports);
  }
  const { Placement, Resources } = service.Spec.TaskTemplate;
  if (words.includes("insufficient resources")) {
    const { MemoryBytes, NanoCPUs } = Resources?.Reservations ?? {};
    const memory = MemoryBytes ? `${byteWords(MemoryBytes)} of memory` : "";
    const asked = [memory, NanoCPUs ? `${NanoCPUs / 1e9} CPUs` : ""].filter(Boolean).join(" and ");
    const field = "taskSpec.resources.reservation";
    return explain(field, "a reservation that a node has left", `${asked}: ${words}`, lackFixes.reservation);
  }
  const constraints = Placement?.Constraints ?? [];
  const got = `${showValue(constraints)}: ${words}`;
  const advice = adviceFor(constraints, nodes);
  return explain("taskSpec.placement.constraints", "constraints that a node satisfies", got, advice, constraints);
}

function adviceFor(constraints: readonly string[], nodes: readonly ListedNode[]): string {
  const parsed = constraints.map((constraint) => parseConstraint(constraint));
  // A list of nodes leaves out their platforms and engine labels: constraints on these get the general advice.
  const described = nodes.map((node) => ({ ...node, os: "", architecture: "", engineLabels: {} }));
  const isUsed = described.some((node) => isUsable(node) && parsed.every((each) => satisfies(node, each) === true));
  return placeAdvice(parsed, isUsed ? [] : described);
}

function hostPorts(service: Service): number[] {
  const ports = (service.Spec.EndpointSpec?.Ports ?? []).filter((port) => port.PublishMode === "host");
  return ports.flatMap((port) => port.PublishedPort ?? []);
}
