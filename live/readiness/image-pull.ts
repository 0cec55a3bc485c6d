/**
 * Makes sure, before a service's task is stopped, that the next one finds its image and its ports on its node: a service of one task
 * that runs once does it. It is pinned like the service, mounts nothing and needs no access to the node.
 *
 * It is not a Swarm job: before Docker 23 the tasks and containers of a removed job stay forever (swarmkit 75e563b4b).
 */
import type Docker from "dockerode";
import { matchingNodes, parseConstraint } from "../../model/placement/constraints.ts";
import { isKnown, type SwarmNode } from "../../model/service/definition.ts";
import { portKey } from "../../model/service/published-ports.ts";
import { dockerStatus, dockerWords } from "../../swarm/api/errors.ts";
import type { Port, ServiceSpec, Task } from "../../swarm/api/objects.ts";
import { inspectDistribution, inspectService, listTasks, type RegistryCredentials } from "../../swarm/api/reads.ts";
import { credentialsAdvice } from "../../swarm/api/registry-credentials.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { createService } from "../../swarm/service/changes.ts";
import { awaitTaskEnd, oneOffSpec, removeLeftPulls, removeOneOff } from "../../swarm/service/one-off-task.ts";
import { isLive } from "../../swarm/service/tasks.ts";
import { byteWords } from "../../text/byte-size.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { swarmNodes } from "../read-swarm.ts";

/** What has to be tried before a task is replaced. */
export interface Trial {
  readonly image: string;
  /** Whether the image may have to be fetched. */
  readonly pulls: boolean;
  readonly constraints: readonly string[];
  /** Ports that the present task does not hold on that node. */
  readonly ports: readonly Port[];
}

/** How a trial is carried out. */
export interface TrialOptions {
  readonly credentials: RegistryCredentials | undefined;
  /** The update may have credentials that are not known here: then a registry that asks for some refuses nothing. @default false */
  readonly mayLackCredentials?: boolean;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes ready for an update of a service: pulls the image on the node of its next task, and proves that the ports which are new to
 * it are free there. Where neither changes, nothing is done but to remove what a run that was killed has left.
 *
 * @throws InputError when the image cannot be had, a port is taken or no node takes the task; the service has not been touched
 */
export async function makeReady(
  connection: EngineConnection,
  serviceId: string,
  next: ServiceSpec,
  options: TrialOptions,
): Promise<void> {
  const { docker } = connection;
  const service = await inspectService(docker, serviceId);
  if (service === undefined) return;
  await removeLeftPulls(connection, [service.Spec.Name]);
  const [tasks, nodes] = await Promise.all([listTasks(docker, service.ID), swarmNodes(connection)]);
  const own = service.Spec.EndpointSpec?.Ports ?? [];
  const trial = trialFor({ tasks, own, next, nodes });
  if (trial !== undefined) await carryOut(connection, next, trial, options);
}

/** A service before its update. */
interface Before {
  readonly tasks: readonly Task[];
  /** The ports that its specification has; a task that has just started does not show them yet. */
  readonly own: readonly Port[];
  readonly next: ServiceSpec;
  readonly nodes: readonly SwarmNode[];
}

/** What has to be tried before an update; `undefined` where nothing new is asked of the node, or no task is stopped for it. */
export function trialFor({ tasks, own, next, nodes }: Before): Trial | undefined {
  const running = tasks.filter((task) => isLive(task) && task.Status.State === "running");
  const [task, ...others] = running;
  const image = next.TaskTemplate.ContainerSpec?.Image;
  const isOne = next.Mode.Replicated !== undefined && (next.Mode.Replicated?.Replicas ?? 1) === 1;
  // With start-first Swarm itself waits with the old task for the new one.
  const isStopped = next.UpdateConfig?.Order !== "start-first";
  if (task === undefined || others.length > 0 || image === undefined || !isOne || !isStopped) return undefined;
  const constraints = next.TaskTemplate.Placement?.Constraints ?? [];
  const node = nodes.filter(({ id }) => id === task.NodeID);
  const satisfying = matchingNodes(
    constraints.map((constraint) => parseConstraint(constraint)),
    node,
  );
  const stays = isKnown(satisfying) && satisfying.length > 0;
  const held = new Set(stays ? hostPorts([...(task.Status.PortStatus?.Ports ?? []), ...own]).map(key) : []);
  const ports = hostPorts(next.EndpointSpec?.Ports).filter((port) => !held.has(key(port)));
  const pulls = !stays || task.Spec.ContainerSpec?.Image !== image;
  if (!pulls && ports.length === 0) return undefined;
  return { image, pulls, ports, constraints: [...constraints, ...(stays ? [`node.id==${task.NodeID}`] : [])] };
}

function hostPorts(ports: readonly Port[] | null | undefined): readonly Port[] {
  return (ports ?? []).filter(({ PublishMode, PublishedPort }) => PublishMode === "host" && PublishedPort);
}

function key({ PublishedPort, Protocol }: Port): string {
  return portKey(PublishedPort ?? 0, Protocol);
}

async function carryOut(
  connection: EngineConnection,
  next: ServiceSpec,
  trial: Trial,
  options: TrialOptions,
): Promise<void> {
  const { docker } = connection;
  const began = performance.now();
  const { Name: service } = next;
  const spec = trialSpec(next, trial);
  const id = await createService(connection, spec, options.credentials).catch((error: unknown) => {
    throw error instanceof InputError ? refusal(service, trial, error.got) : error;
  });
  try {
    if (trial.pulls) options.onProgress(`pulling ${trial.image}; the old task still runs`);
    const end = await awaitTaskEnd(docker, id, isDone, { signal: options.signal });
    if (end.kind === "stopped") throw new Error(`service "${service}": stopped before anything was changed.`);
    if (end.kind === "stuck") throw refusal(service, trial, end.words);
    if (end.kind === "failed") {
      const found = await failure(connection, service, trial, end.task.Status.Err, options);
      if (found instanceof InputError) throw found;
      options.onProgress(found.doubt);
      return;
    }
    if (trial.pulls) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      options.onProgress(`pulled${await unpackedSize(docker, trial.image)} in ${seconds} s`);
    }
  } finally {
    await removeOneOff(docker, id);
  }
}

/** The unpacked size of an image, in words; empty where the connected engine does not have it. */
async function unpackedSize(docker: Docker, image: string): Promise<string> {
  try {
    const { Size } = await docker.getImage(image).inspect();
    return ` ${byteWords(Size)}`;
  } catch {
    return "";
  }
}

/** The trial's one task: a command that does nothing, in the image, without a volume, a secret or a network of the service. */
function trialSpec(service: ServiceSpec, { image, constraints, ports }: Trial): ServiceSpec {
  return oneOffSpec({
    purpose: "pull",
    service,
    ports,
    task: {
      ContainerSpec: {
        Image: image,
        Command: ["true"],
        Healthcheck: { Test: ["NONE"] },
        ReadOnly: true,
        CapabilityDrop: ["ALL"],
      },
      Placement: { Constraints: [...constraints] },
      LogDriver: { Name: "none" },
    },
  });
}

/**
 * Whether the image is there and the ports are free: the command ran, or it could not, for an image need not have it. Docker binds
 * the ports before it starts the command, and its error shows which of the two failed.
 */
function isDone({ Status }: Task): boolean {
  if (["running", "complete"].includes(Status.State)) return true;
  return Status.State === "failed" && /OCI runtime|executable file not found|non-zero exit/u.test(Status.Err);
}

async function failure(
  { docker }: EngineConnection,
  service: string,
  trial: Trial,
  words: string,
  { credentials, mayLackCredentials = false }: TrialOptions,
): Promise<InputError | { doubt: string }> {
  if (/address already in use|port is already allocated/u.test(words)) {
    const numbers = trial.ports.flatMap(({ PublishedPort }) => PublishedPort ?? []);
    const named = numbers.filter((port) => words.includes(`:${port}`));
    return new InputError({
      path: `service "${service}": endpointSpec.ports`,
      expected: "host ports that are free on the task's node",
      got: `${(named.length > 0 ? named : numbers).join(", ")}, which something else on the node has`,
      fix: `Choose another published port, or end what uses it. ${untouched}`,
    });
  }
  if (!words.startsWith("No such image")) return refusal(service, trial, words);
  let answer = "the registry has it for this engine, but the node could not fetch it";
  let isMissing = false;
  try {
    await inspectDistribution(docker, trial.image, credentials);
  } catch (error) {
    answer = `the registry answers: ${dockerWords(error)}`;
    isMissing = dockerStatus(error) === 404;
  }
  if (mayLackCredentials && !isMissing && credentials === undefined) {
    return { doubt: `${trial.image} could not be pulled beforehand; ${answer}` };
  }
  return new InputError({
    path: `service "${service}": taskSpec.containerSpec.image`,
    expected: "an image that its registry has",
    got: `${showValue(trial.image)}: ${answer}`,
    fix: `Correct the image's name, tag or digest, push it, or ${credentialsAdvice(trial.image)}. ${untouched}`,
  });
}

const untouched = "The running task has not been touched";

function refusal(service: string, { constraints }: Trial, words: string): InputError {
  return new InputError({
    path: `service "${service}"`,
    expected: "a node that can take its next task",
    got: `${words}${constraints.length > 0 ? `, with the constraints ${showValue(constraints)}` : ""}`,
    fix: `Correct the service, or the node. ${untouched}`,
  });
}
