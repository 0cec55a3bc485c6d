/** What is asked of a Docker engine without changing anything: validated, and asked again when the connection breaks. */
import type Docker from "dockerode";
import { z } from "zod";
import { readAnswer } from "../engine/requests.ts";
import { dockerStatus, readAgain } from "./errors.ts";
import { requireObjectName } from "./object-name.ts";
import {
  configSchema,
  containerSchema,
  containerSummarySchema,
  distributionSchema,
  networkSchema,
  secretSchema,
  serviceSchema,
  taskSchema,
  volumeSchema,
  type Container,
  type ContainerSummary,
  type Network,
  type Service,
  type Task,
  type Volume,
} from "./objects.ts";

/** A service by id or name; undefined when there is none. */
export function inspectService(docker: Docker, idOrName: string): Promise<Service | undefined> {
  return inspect(() => docker.getService(requireObjectName("service", idOrName)).inspect(), serviceSchema);
}

/** A network by id or name; undefined when there is none. */
export function inspectNetwork(docker: Docker, idOrName: string): Promise<Network | undefined> {
  return inspect(() => docker.getNetwork(requireObjectName("network", idOrName)).inspect(), networkSchema);
}

/** A volume of the connected engine by name; undefined when there is none. */
export function inspectVolume(docker: Docker, name: string): Promise<Volume | undefined> {
  return inspect(() => docker.getVolume(requireObjectName("volume", name)).inspect(), volumeSchema);
}

/** A secret without its data, by id or name; undefined when there is none. */
export function inspectSecret(docker: Docker, idOrName: string): Promise<z.infer<typeof secretSchema> | undefined> {
  return inspect(() => docker.getSecret(requireObjectName("secret", idOrName)).inspect(), secretSchema);
}

/** A config by id or name; undefined when there is none. */
export function inspectConfig(docker: Docker, idOrName: string): Promise<z.infer<typeof configSchema> | undefined> {
  return inspect(() => docker.getConfig(requireObjectName("config", idOrName)).inspect(), configSchema);
}

/** A container of the connected engine; undefined when it is gone or on another node. */
export function inspectContainer(docker: Docker, id: string): Promise<Container | undefined> {
  return inspect(() => docker.getContainer(requireObjectName("container", id)).inspect(), containerSchema);
}

/** A task that Swarm still knows. */
export function inspectTask(docker: Docker, id: string): Promise<Task | undefined> {
  return inspect(() => docker.getTask(requireObjectName("task", id)).inspect(), taskSchema);
}

/**
 * The services of the swarm.
 *
 * @param label - only those with this label. @default all
 */
export async function listServices(docker: Docker, label?: string): Promise<Service[]> {
  const options = label === undefined ? {} : { filters: { label: [label] } };
  return readAnswer(z.array(serviceSchema), await readAgain(() => docker.listServices(options)));
}

/** The tasks that Swarm still knows, its short history included, oldest first; of one service, or of all. */
export async function listTasks(docker: Docker, serviceId?: string): Promise<Task[]> {
  const options = serviceId === undefined ? {} : { filters: JSON.stringify({ service: [serviceId] }) };
  const tasks = await readAgain(() => docker.listTasks(options));
  return readAnswer(z.array(taskSchema), tasks).sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt));
}

/**
 * The containers of the connected engine, including stopped ones.
 *
 * @param filters - as the Engine API has them, such as `{ volume: [name] }`. @default all containers
 */
export async function listContainers(
  docker: Docker,
  filters: Readonly<Record<string, readonly string[]>> = {},
): Promise<ContainerSummary[]> {
  const options = { all: true, filters: JSON.stringify(filters) };
  return readAnswer(z.array(containerSummarySchema), await readAgain(() => docker.listContainers(options)));
}

/** Whether the connected engine has an image. */
export function isImagePresent(docker: Docker, image: string): Promise<boolean> {
  return docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Credentials for an image's registry, as the Docker Engine API takes them. */
export interface RegistryCredentials {
  serveraddress: string;
  username: string;
  password: string;
}

/**
 * What the registry says of an image, through the engine (`GET /distribution/{image}/json`).
 *
 * @throws the engine's answer; a registry that does not answer keeps an engine busy for 20 s and more, so it is not waited
 *   for longer than `limitMs`
 */
export async function inspectDistribution(
  docker: Docker,
  image: string,
  credentials: RegistryCredentials | undefined,
  limitMs = 3000,
): Promise<z.infer<typeof distributionSchema>> {
  // dockerode takes the credentials here (lib/image.js), its types do not know it.
  const options = (credentials ? { authconfig: credentials } : {}) as object;
  const answer = docker.getImage(image).distribution(options);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${limitMs / 1000} s`));
    }, limitMs);
  });
  try {
    return readAnswer(distributionSchema, await Promise.race([answer, expired]));
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

async function inspect<T>(read: () => Promise<unknown>, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return readAnswer(schema, await readAgain(read));
  } catch (error) {
    if (dockerStatus(error) === 404) return undefined;
    throw error;
  }
}
