/** Why a task did not start or stay up: Swarm's own words, and what only the container or the registry can tell. */
import type Docker from "dockerode";
import type { SwarmNode } from "./connection.ts";
import { dockerWords, readAgain } from "./docker-error.ts";
import { inspectContainer, inspectDistribution, type RegistryCredentials } from "./docker-reads.ts";
import type { Service, Task } from "./docker-objects.ts";
import type { Redact } from "./redaction.ts";

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
const noSuchImage = /^No such image: (?<image>\S+)/;

/**
 * Looks at a failed task before Swarm forgets its container.
 *
 * The container can be asked only on the engine that this process is connected to; for a task of another node the log,
 * which Swarm fetches from there, is all there is.
 */
export async function examineTask(
  docker: Docker,
  task: Task,
  options: { redact: Redact; credentials: RegistryCredentials | undefined },
): Promise<TaskEvidence> {
  const image = noSuchImage.exec(task.Status.Err)?.groups?.["image"];
  if (image !== undefined) {
    return { outOfMemory: false, logLines: [], registryAnswer: await askRegistry(docker, image, options.credentials) };
  }
  const containerId = task.Status.ContainerStatus?.ContainerID;
  if (!containerId) return { outOfMemory: false, logLines: [] };
  const [container, logLines] = await Promise.all([
    inspectContainer(docker, containerId).catch(() => undefined),
    lastLogLines(docker, task).catch(() => []),
  ]);
  const health = container?.State.Health;
  const lastProbe = health?.Log?.findLast((probe) => probe.ExitCode !== 0);
  return {
    outOfMemory: container?.State.OOMKilled ?? false,
    ...(health?.Status === "unhealthy" && { failedProbe: options.redact(cut(lastProbe?.Output.trim() ?? "")) }),
    logLines: logLines.map((line) => options.redact(cut(line))),
  };
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
  return demultiplex(answer)
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** Takes the 8-byte frame heads out of a log (Docker Engine API, "Stream format" of `POST /containers/{id}/attach`). */
function demultiplex(log: Buffer): string {
  const frames: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length;) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    frames.push(log.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(frames).toString("utf8");
}

function cut(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine)}…` : text;
}

/** Says why the last of some failed tasks failed; several lines where the container has printed something. */
export function explainFailedTasks(
  service: Service,
  tasks: readonly Task[],
  evidence: TaskEvidence | undefined,
  words: string | undefined,
): string {
  const last = tasks.at(-1);
  const reason = last ? taskReason(last, service, evidence) : undefined;
  const times = tasks.length > 1 ? ` (${tasks.length} times)` : "";
  const head = `service "${service.Spec.Name}": ${[
    words,
    reason && `${taskName(last, service)} failed${times}: ${reason}`,
  ]
    .filter((part) => part !== undefined)
    .join("; ")}.`;
  const log = evidence?.logLines ?? [];
  return log.length === 0 ? head : `${head} Its last log lines:\n${log.map((line) => `    ${line}`).join("\n")}`;
}

function taskReason(task: Task, service: Service, evidence: TaskEvidence | undefined): string {
  const said = task.Status.Err || `${task.Status.State} (exit code ${task.Status.ContainerStatus?.ExitCode ?? 0})`;
  if (evidence?.registryAnswer !== undefined) {
    return `${said}; the registry ${registryOf(task)} answers: ${evidence.registryAnswer}`;
  }
  if (evidence?.outOfMemory) {
    const limitBytes = service.Spec.TaskTemplate.Resources?.Limits?.MemoryBytes ?? 0;
    const limit = limitBytes > 0 ? `its limit of ${Math.round(limitBytes / 1024 / 1024)} MiB` : "the node has";
    return `${said}: out of memory, it needed more than ${limit}`;
  }
  if (evidence?.failedProbe !== undefined) {
    const { Test = [] } = service.Spec.TaskTemplate.ContainerSpec?.Healthcheck ?? {};
    const check = Test && Test.length > 1 ? ` ${JSON.stringify(Test[0])}` : "";
    return `unhealthy: its health check${check} kept failing${evidence.failedProbe && `: ${evidence.failedProbe}`}`;
  }
  return said;
}

function registryOf(task: Task): string {
  const [first = "", ...rest] = (task.Spec.ContainerSpec?.Image ?? "").split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** `stateful.1`, as `docker service ps` names it; by node for a global service. */
function taskName(task: Task | undefined, service: Service): string {
  return `the task ${service.Spec.Name}.${task?.Slot === 0 ? task.NodeID : (task?.Slot ?? "")}`;
}

/** Says why a task finds no node: Swarm's words, what the service asks for, and the nodes that exist. */
export function explainPendingTask(service: Service, task: Task, nodes: readonly SwarmNode[]): string {
  const { Placement, Resources } = service.Spec.TaskTemplate;
  const constraints = Placement?.Constraints ?? [];
  const reservation = Resources?.Reservations;
  const hostPorts = (service.Spec.EndpointSpec?.Ports ?? []).filter((port) => port.PublishMode === "host");
  const asked = [
    ...(constraints.length > 0 ? [`constraints ${constraints.join(", ")}`] : []),
    ...(reservation?.MemoryBytes ? [`a reservation of ${reservation.MemoryBytes} bytes of memory`] : []),
    ...(reservation?.NanoCPUs ? [`a reservation of ${reservation.NanoCPUs / 1e9} CPUs`] : []),
    ...(hostPorts.length > 0 ? [`host port ${hostPorts.map((port) => port.PublishedPort ?? 0).join(", ")}`] : []),
  ];
  const labelNames = constraints.flatMap((constraint) => /node\.labels\.([\w.-]+)/.exec(constraint)?.[1] ?? []);
  const existing = nodes.map((node) => {
    const labels = labelNames.map((name) => `${name}=${node.labels[name] ?? "(none)"}`);
    return `${node.hostname} (${[node.id, node.role, node.state, node.availability, ...labels].join(", ")})`;
  });
  return [
    `service "${service.Spec.Name}": ${taskName(task, service)} cannot start: ${task.Status.Err}.`,
    ...(asked.length > 0 ? [`It asks for ${asked.join("; ")}.`] : []),
    `The swarm's nodes: ${existing.join("; ")}.`,
  ].join(" ");
}
