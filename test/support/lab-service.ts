/** A Redis service on the shared lab, created and updated as `docker service create` and `update` do. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { Redis } from "ioredis";
import type { Lab } from "../../lab/lab.ts";
import type { LabNode } from "../../lab/nodes/node.ts";
import { dockerStatus } from "../../swarm/api/errors.ts";
import type { Task } from "../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";

/** What a service is created with, besides Docker's defaults. */
export interface LabServiceOptions {
  readonly name: string;
  /** The port on the node where the task runs. */
  readonly port: number;
  /** Arguments of redis-server. */
  readonly args?: readonly string[];
  readonly mounts?: readonly Docker.MountSettings[];
  readonly constraints?: readonly string[];
  readonly stopSignal?: string;
}

/** The part of a task's template that the tests change. */
export interface TaskTemplate {
  ContainerSpec: { Image: string; Args: string[]; Mounts: Docker.MountSettings[]; StopSignal?: string };
  Placement: { Constraints: string[] };
  Resources: { Limits: { MemoryBytes?: number } };
  RestartPolicy: { Condition: string; Delay: number };
  ForceUpdate: number;
}

const settledMs = 1500;
const settleLimitMs = 60_000;

/** The client of an engine. */
export function engineOf({ dockerHost }: LabNode): Docker {
  return findEngine({ host: dockerHost }).docker;
}

/** The node of a lab by its number, from 1. */
export function nodeOf(lab: Lab, number: number): LabNode {
  const node = lab.nodes[number - 1];
  if (node === undefined) throw new Error(`no node ${number}`);
  return node;
}

/** Names of the volumes on a node. */
export async function volumeNames(node: LabNode): Promise<string[]> {
  const { Volumes } = await engineOf(node).listVolumes();
  return Volumes.map(({ Name }) => Name).sort();
}

/** `docker volume rm`; a container that was removed just now still holds its volumes for a moment. */
export async function removeVolume(node: LabNode, name: string): Promise<void> {
  await until(async () => {
    const status = await engineOf(node)
      .getVolume(name)
      .remove()
      .then(() => undefined, dockerStatus);
    return status !== 409;
  }, `volume ${name} is removed from ${node.name}`);
}

/** Waits until something is so. */
export async function until(isSo: () => Promise<boolean>, what: string, limitMs = settleLimitMs): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so after ${limitMs / 1000} s: ${what}`);
    await sleep(100);
  }
}

export class LabService {
  readonly #lab: Lab;
  readonly #docker: Docker;
  readonly name: string;
  readonly #port: number;

  constructor(lab: Lab, { name, port }: Pick<LabServiceOptions, "name" | "port">) {
    this.#lab = lab;
    this.#docker = engineOf(nodeOf(lab, 1));
    this.name = name;
    this.#port = port;
  }

  /** `docker service create`, until its task runs. */
  static async create(lab: Lab, options: LabServiceOptions): Promise<LabService> {
    const service = new LabService(lab, options);
    const template: TaskTemplate = {
      ContainerSpec: {
        Image: lab.redisImage,
        Args: [...(options.args ?? [])],
        Mounts: [...(options.mounts ?? [])],
        ...(options.stopSignal !== undefined && { StopSignal: options.stopSignal }),
      },
      Placement: { Constraints: [...(options.constraints ?? [])] },
      Resources: { Limits: {} },
      RestartPolicy: { Condition: "any", Delay: 5e8 },
      ForceUpdate: 0,
    };
    await service.#docker.createService({
      Name: options.name,
      TaskTemplate: template,
      Mode: { Replicated: { Replicas: 1 } },
      // Docker watches a new task for 5 s before it calls an update completed.
      UpdateConfig: { Parallelism: 1, Order: "stop-first", Monitor: 5e8 },
      EndpointSpec: {
        Mode: "dnsrr",
        Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: options.port, PublishMode: "host" }],
      },
    });
    await service.settle();
    return service;
  }

  /** `docker service update` that makes a new task, until Swarm has done all that it does about it. */
  async update(change: (template: TaskTemplate) => void): Promise<void> {
    const before = await this.task();
    await this.send(change);
    // Swarm may take its time to begin: until then the service looks settled.
    await until(async () => (await this.task()).ID !== before.ID, `${this.name} has a new task`);
    await this.settle();
  }

  /** `docker service update --detach`. */
  async send(change: (template: TaskTemplate) => void): Promise<void> {
    const { Spec, Version } = await this.#inspect();
    const spec = structuredClone(Spec);
    change(spec.TaskTemplate as unknown as TaskTemplate); // It was created as one.
    await this.#docker.getService(this.name).update({ ...spec, version: Version.Index });
  }

  /** Waits until the service has exactly one task that runs, no update is under way, and that stays so. */
  async settle(): Promise<void> {
    let since = Date.now();
    let seen = "";
    await until(async () => {
      const { UpdateStatus } = await this.#inspect();
      const active = (await this.tasks()).filter(
        ({ DesiredState, Status }) => DesiredState === "running" || Status.State === "running",
      );
      const [task] = active;
      const isCalm = UpdateStatus?.State == null || UpdateStatus.State === "completed";
      const now = isCalm && active.length === 1 && task?.Status.State === "running" ? task.ID : "";
      if (now !== seen || now === "") since = Date.now();
      seen = now;
      return Date.now() - since >= settledMs;
    }, `${this.name} has one running task`);
  }

  /** `docker service ps`, the newest first. */
  async tasks(): Promise<Task[]> {
    return (await listTasks(this.#docker, (await this.#inspect()).ID)).reverse();
  }

  /** The newest task. */
  async task(): Promise<Task> {
    const [newest] = await this.tasks();
    if (newest === undefined) throw new Error(`${this.name} has no task`);
    return newest;
  }

  /** The node of the newest task. */
  async node(): Promise<LabNode> {
    const node = await this.#nodeOf(await this.task());
    if (node === undefined) throw new Error(`${this.name}'s task is on no node`);
    return node;
  }

  /** Waits until the newest task runs on another node than that one. */
  async untilElsewhere({ name }: LabNode): Promise<void> {
    await until(async () => {
      const task = await this.task();
      const node = await this.#nodeOf(task);
      return task.Status.State === "running" && node !== undefined && node.name !== name;
    }, `${this.name} runs on another node than ${name}`);
  }

  async #nodeOf({ NodeID }: Task): Promise<LabNode | undefined> {
    const nodes = await listNodes(findEngine({ host: nodeOf(this.#lab, 1).dockerHost }));
    const hostname = nodes.find(({ id }) => id === NodeID)?.hostname;
    return this.#lab.nodes.find(({ name }) => name === hostname);
  }

  /** `redis-cli -h NODE -p PORT …` */
  async redis(...words: [string, ...string[]]): Promise<unknown> {
    const { address } = await this.node();
    const client = new Redis({ host: address, port: this.#port, retryStrategy: () => 100, maxRetriesPerRequest: 100 });
    client.on("error", () => undefined); // It is tried again until Redis listens.
    try {
      const [command, ...args] = words;
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** `docker service rm`, until no container of it is left on any node that runs. */
  async remove(): Promise<void> {
    await this.#docker.getService(this.name).remove();
    const filters = { label: [`com.docker.swarm.service.name=${this.name}`] };
    await until(async () => {
      const containers = await Promise.all(
        this.#lab.nodes.map((node) =>
          engineOf(node)
            .listContainers({ all: true, filters })
            .catch(() => []),
        ),
      );
      return containers.flat().length === 0;
    }, `${this.name} is gone`);
  }

  async #inspect() {
    const service = await inspectService(this.#docker, this.name);
    if (service === undefined) throw new Error(`no service ${this.name}`);
    return service;
  }
}

/**
 * A mount of a folder that every node sees, here one in the lab's folder on the disk that all of them share, as a volume
 * of the driver `local`. It stands for a networked file system that is mounted on every node.
 */
export async function sharedFolderVolume(lab: Lab, name = "trial"): Promise<Docker.MountSettings> {
  const folder = join(lab.directory, "shared", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  return {
    Type: "volume",
    Source: name,
    Target: "/data",
    VolumeOptions: {
      NoCopy: false,
      Labels: {},
      DriverConfig: { Name: "local", Options: { type: "none", o: "bind", device: folder } },
    },
  };
}

/** Removes services that are left, and then volumes. */
export async function removeLeftovers(
  lab: Lab,
  services: readonly string[],
  volumes: readonly string[],
): Promise<void> {
  for (const name of services) {
    const service = new LabService(lab, { name, port: 0 });
    if (await inspectService(engineOf(nodeOf(lab, 1)), name)) await service.remove();
  }
  for (const node of lab.nodes) {
    for (const name of volumes) await removeVolume(node, name);
  }
}
