/** Creates, updates and removes a service: each is done once it is in effect, and never done twice. */
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, showValue } from "../../text/input-error.ts";
import type Docker from "dockerode";
import { swarmMembership, type EngineConnection } from "../engine/connection.ts";
import { dockerStatus, dockerWords, isConnectionCut, readAgain } from "../api/errors.ts";
import { handleSchema, type Port, type Service, type ServiceSpec, type Task } from "../api/objects.ts";
import {
  inspectContainer,
  inspectDistribution,
  inspectService,
  inspectTask,
  listTasks,
  type RegistryCredentials,
} from "../api/reads.ts";
import { readAnswer } from "../engine/requests.ts";
import { awaitConvergence, ConvergenceError, type ConvergedService, type ConvergenceOptions } from "./convergence.ts";
import { postUpdate } from "./rollback.ts";
import { isKeptDespitePlacement, isLive, isUpToDate, publishesOtherHostPorts } from "./tasks.ts";
import { inOrderOf, isMadeFrom } from "./spec-comparison.ts";
import { NameTakenError, ownerWords } from "../api/taken-name.ts";

/** What a change of a service takes besides its specification. */
export type ChangeOptions = Omit<ConvergenceOptions, "earlierTasks" | "doomedTasks">;

/** How often a request is sent again after something that is known not to have carried it out. */
const attempts = 5;

/**
 * Replaces a tag by the digest that the registry has for it now and adds the image's platforms to the placement, as the
 * provider does when it creates a service, and only then (moby client/service_create.go, `resolveContainerSpecImage`).
 *
 * @returns where the registry has no answer, the unchanged specification and why: Swarm then tries with the name alone
 */
export async function resolveImage(
  { docker }: EngineConnection,
  spec: ServiceSpec,
  credentials: RegistryCredentials | undefined,
): Promise<{ spec: ServiceSpec; registryFailure?: string }> {
  const { ContainerSpec } = spec.TaskTemplate;
  if (!ContainerSpec) return { spec };
  const image = ContainerSpec.Image;
  let distribution;
  try {
    distribution = await inspectDistribution(docker, image, credentials);
  } catch (error) {
    return { spec, registryFailure: dockerWords(error) };
  }
  const platforms = (distribution.Platforms ?? []).map(({ architecture, os }) => ({
    // "arm" is too vague: Swarm's nodes call themselves armv7l and the like.
    ...(architecture && architecture !== "arm" && { Architecture: architecture }),
    ...(os && { OS: os }),
  }));
  const TaskTemplate = {
    ...spec.TaskTemplate,
    ContainerSpec: {
      ...ContainerSpec,
      Image: image.includes("@") ? image : `${image}@${distribution.Descriptor.digest}`,
    },
    ...(platforms.length > 0 && { Placement: { ...spec.TaskTemplate.Placement, Platforms: platforms } }),
  };
  return { spec: { ...spec, TaskTemplate } };
}

/**
 * Creates a service and returns its id; whether its tasks start is another question ({@link awaitConvergence}).
 *
 * When the connection breaks on the way, the service is looked for by its name before anything is sent again; names are
 * unique in a swarm, so it cannot be made twice.
 *
 * @throws InputError when there is another service of that name or Swarm refuses the specification
 */
export async function createService(
  { docker }: EngineConnection,
  spec: ServiceSpec,
  credentials: RegistryCredentials | undefined,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return readAnswer(handleSchema, await docker.createService(credentials ?? {}, { ...spec } as object)).id;
    } catch (error) {
      const isCut = isConnectionCut(error);
      if ((isCut || (attempt > 1 && dockerStatus(error) === 409)) && attempt < attempts) {
        const found = await inspectService(docker, spec.Name);
        if (found && isMadeFrom(found.Spec, spec)) return found.ID;
        if (isCut) continue;
      }
      if (dockerStatus(error) === 409) {
        const holder = await inspectService(docker, spec.Name);
        throw new NameTakenError("service", spec.Name, ownerWords(holder?.Spec.Labels, spec.Labels));
      }
      throw refused(spec.Name, error);
    }
  }
}

/** Swarm answers 400 or 500 to what it refuses; 503 means that the engine is no manager. */
function refused(name: string, error: unknown): unknown {
  const status = dockerStatus(error);
  if (status === undefined || status === 503) return error;
  return new InputError({
    path: `service ${showValue(name)}`,
    expected: "a service that Swarm accepts",
    got: `its refusal: ${dockerWords(error)}`,
    fix: "Correct the service in the program",
  });
}

/**
 * Updates a service in place and waits until it is in effect.
 *
 * @throws InputError when Swarm refuses the specification: nothing is changed
 * @throws ConvergenceError when the update was made and is not in effect
 */
export async function updateService(
  connection: EngineConnection,
  id: string,
  declared: ServiceSpec,
  options: ChangeOptions,
): Promise<ConvergedService> {
  const before = await presentService(connection, id);
  const earlierTasks = await listTasks(connection.docker, id);
  const spec = inOrderOf(before.Spec, declared);
  const lacksEndpoint = (task: Task, service: Service) =>
    isLive(task) &&
    earlierTasks.some((earlier) => earlier.ID === task.ID) &&
    isUpToDate(task, service) &&
    (publishesOtherHostPorts(task, service) || hasOtherHiddenEndpoint(before.Spec, service.Spec));
  const apply = async (next: ServiceSpec) => {
    const current = await presentService(connection, id);
    const tasks = await listTasks(connection.docker, id);
    if (!isUnderWay(current, next)) await sendUpdate(connection, current, next, options.credentials);
    const updated = await presentService(connection, id);
    const doomed = tasks.filter((task) => lacksEndpoint(task, updated) && !isKeptDespitePlacement(task, updated));
    const waiting = { ...options, earlierTasks: idsOf(tasks), doomedTasks: idsOf(doomed) };
    const inEffect = await awaitConvergence(connection, id, waiting);
    if (isMadeFrom(inEffect.service.Spec, next)) return inEffect;
    throw new ConvergenceError(
      `service "${current.Spec.Name}": changed by someone else during the update: what runs is not what was declared. Run \`refresh\` and look at the difference.`,
    );
  };

  let converged = await apply(spec);
  // Swarm keeps a task whose placement alone differs and then does not compare the ports (swarmkit manager/orchestrator/
  // task.go, `IsTaskDirty`). That is the case after every creation: it adds the image's platforms to the placement, the
  // first update drops them, and the old ports stay in effect. With the placement that such a task was started with,
  // Swarm sees the ports; afterwards the declared placement changes nothing any more. A higher `ForceUpdate` would do it
  // in one step, but it would stay in the service, be found by the next refresh and restart the tasks once more.
  for (let kept = keptWith(lacksEndpoint, converged); kept; kept = keptWith(lacksEndpoint, converged)) {
    options.onProgress("Swarm kept a task that publishes other ports than declared: replacing it");
    await apply({ ...spec, TaskTemplate: { ...spec.TaskTemplate, Placement: kept.Spec.Placement } });
    converged = await apply(spec);
  }
  return converged;
}

/**
 * Whether Swarm is carrying out exactly this since an operation that was interrupted. Sent once more it would become the former
 * version of itself, and Swarm could no longer bring back the one before.
 */
function isUnderWay(current: Service, next: ServiceSpec): boolean {
  return current.UpdateStatus?.State === "updating" && isMadeFrom(current.Spec, next);
}

function keptWith(
  lacksEndpoint: (task: Task, service: Service) => boolean,
  { service, tasks }: ConvergedService,
): Task | undefined {
  return tasks.find((task) => lacksEndpoint(task, service) && isKeptDespitePlacement(task, service));
}

/** Whether two specifications differ in what no task shows: the endpoint's mode, and ports in ingress mode. */
function hasOtherHiddenEndpoint(one: ServiceSpec, other: ServiceSpec): boolean {
  const hidden = ({ EndpointSpec }: ServiceSpec) => ({
    mode: EndpointSpec?.Mode,
    ports: (EndpointSpec?.Ports ?? []).filter((port: Port) => port.PublishMode !== "host"),
  });
  return !isDeepStrictEqual(hidden(one), hidden(other));
}

function idsOf(tasks: readonly Task[]): ReadonlySet<string> {
  return new Set(tasks.map((task) => task.ID));
}

async function presentService({ docker }: EngineConnection, id: string): Promise<Service> {
  const service = await inspectService(docker, id);
  if (service) return service;
  throw new InputError({
    path: `service ${id}`,
    expected: "a service that exists",
    got: "none: someone has removed it",
    fix: "Run `refresh`, then `up`: it will be created again",
  });
}

/**
 * Sends one update, on the version that was looked at (Docker Engine API, `version` of `POST /services/{id}/update`).
 *
 * The version also grows when Swarm itself notes how an update goes; then, and after a broken connection that did not
 * deliver the update, it is sent again. A service that someone else has changed in the meantime is left alone.
 */
async function sendUpdate(
  connection: EngineConnection,
  current: Service,
  spec: ServiceSpec,
  credentials: RegistryCredentials | undefined,
): Promise<void> {
  let version = current.Version.Index;
  for (let attempt = 1; ; attempt++) {
    try {
      await postUpdate(connection.docker, current.ID, { version }, spec, credentials);
      return;
    } catch (error) {
      const isCut = isConnectionCut(error);
      if (attempt === attempts || !(isCut || dockerWords(error).includes("update out of sequence"))) {
        throw refused(current.Spec.Name, error);
      }
      const now = await presentService(connection, current.ID);
      if (isCut && now.Version.Index !== version && isMadeFrom(now.Spec, spec)) return;
      if (!isDeepStrictEqual(now.Spec, current.Spec)) {
        throw new ConvergenceError(
          `service "${current.Spec.Name}": changed by someone else during the update; nothing was changed here. Run \`refresh\` and look at the difference.`,
        );
      }
      version = now.Version.Index;
    }
  }
}

const removalLooksEveryMs = 100;

/**
 * Removes a service and waits until the containers of its tasks are gone, so that what they used can be removed next.
 *
 * Swarm stops them with their grace period and removes them with their anonymous volumes by itself; containers of other
 * nodes are gone for this purpose when Swarm has forgotten their tasks.
 *
 * @returns names of tasks that are still there at `deadlineMs`
 */
export async function removeService(
  connection: EngineConnection,
  id: string,
  options: { deadlineMs: number; signal: AbortSignal; onProgress: (message: string) => void },
): Promise<string[]> {
  const { docker } = connection;
  const service = await inspectService(docker, id);
  if (!service) return [];
  const tasks = (await listTasks(docker, service.ID)).filter((task) => task.Status.ContainerStatus?.ContainerID);
  // A second request for something gone answers 404, so this may be asked again.
  await readAgain(() => docker.getService(service.ID).remove() as Promise<unknown>).catch((error: unknown) => {
    if (dockerStatus(error) !== 404) throw refused(service.Spec.Name, error);
  });
  const { nodeId } = await readAgain(() => swarmMembership(connection));
  let left = tasks;
  let reported = 0;
  for (;;) {
    const isThere = await Promise.all(left.map((task) => hasContainer(docker, task, nodeId)));
    left = left.filter((_task, index) => isThere[index]);
    if (left.length === 0 || performance.now() > options.deadlineMs || options.signal.aborted) break;
    if (left.length !== reported) options.onProgress(`waiting for ${(reported = left.length)} container(s) to stop`);
    await sleep(removalLooksEveryMs);
  }
  return left.map((task) => `${service.Spec.Name}.${task.Slot}`);
}

async function hasContainer(docker: Docker, task: Task, nodeId: string): Promise<boolean> {
  if (task.NodeID === nodeId) {
    return (await inspectContainer(docker, task.Status.ContainerStatus?.ContainerID ?? "")) !== undefined;
  }
  const present = await inspectTask(docker, task.ID);
  return present !== undefined && isLive(present);
}
