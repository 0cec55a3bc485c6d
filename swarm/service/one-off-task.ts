/** Services of one task that runs once for another service, on the node of that one, so that no access to the node is needed. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labelsOfOwner, ownerInLabels, ownershipOf, type StackIdentity } from "../../model/service/ownership.ts";
import { dockerStatus, readAgain } from "../api/errors.ts";
import type { Port, Service, ServiceSpec, Task } from "../api/objects.ts";
import { listServices, listTasks } from "../api/reads.ts";
import type { EngineConnection } from "../engine/connection.ts";

/** Marks the services that run once for another one, to pull its image for example, with the name of that one. */
export const pullLabel = "holdfast.pull";

/** What a service of one task that runs once is for. */
interface OneOff {
  /** A word for its name. */
  readonly purpose: string;
  /** The service that it is for; it has the labels that say whose that is. */
  readonly service: Pick<ServiceSpec, "Name" | "Labels">;
  readonly task: ServiceSpec["TaskTemplate"];
  readonly ports?: readonly Port[];
}

/** A service of one task that runs once: its name is new each time, and its labels say for which service, and for which stack, it is. */
export function oneOffSpec({ purpose, service: { Name, Labels }, task, ports = [] }: OneOff): ServiceSpec {
  const owner = ownerInLabels(Labels);
  return {
    Name: `holdfast-${purpose}-${Name.slice(0, 36)}-${randomBytes(4).toString("hex")}`,
    Labels: { [pullLabel]: Name, ...(owner && labelsOfOwner(owner)) },
    TaskTemplate: { ...task, RestartPolicy: { Condition: "none" } },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr", Ports: [...ports] },
  };
}

/** How a task ended: `stuck` where no node takes it or it does not end in time, `stopped` where the wait was aborted. */
export type TaskEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly task: Task }
  | { readonly kind: "stuck" | "stopped"; readonly words: string };

const lookEveryMs = 100;

/** How long the task must be without a node before the wait for it ends. */
const pendingBelievedMs = 2000;

/** How long it may take where nothing else is said, the pull of an image included. */
const usualLimitMs = 30 * 60_000;

/** How a task is waited for. */
export interface TaskWait {
  readonly signal?: AbortSignal | undefined;
  /** How long it may take. @default 30 minutes */
  readonly limitMs?: number;
  /** Is told of the task at each look until it ends; what it throws ends the wait. */
  readonly onLook?: (task: Task | undefined) => Promise<void>;
}

/**
 * Waits for the one task of a service.
 *
 * @param isDone - whether it has done what it is for; that counts before its state is taken for a failure
 */
export async function awaitTaskEnd(
  docker: Docker,
  serviceId: string,
  isDone: (task: Task) => boolean,
  { signal, limitMs = usualLimitMs, onLook }: TaskWait = {},
): Promise<TaskEnd> {
  const began = performance.now();
  let pendingSince: number | undefined;
  for (;;) {
    const [task] = await listTasks(docker, serviceId);
    const { State = "new", Err = "" } = task?.Status ?? {};
    if (task !== undefined && isDone(task)) return { kind: "done" };
    if (task !== undefined && ["failed", "rejected"].includes(State)) return { kind: "failed", task };
    const now = performance.now();
    pendingSince = State === "pending" && Err !== "" ? (pendingSince ?? now) : undefined;
    if (pendingSince !== undefined && now - pendingSince > pendingBelievedMs) return { kind: "stuck", words: Err };
    if (now - began > limitMs) return { kind: "stuck", words: `no end after ${limitMs / 60_000} minutes` };
    if (signal?.aborted) return { kind: "stopped", words: "stopped before its end" };
    await onLook?.(task);
    await sleep(lookEveryMs);
  }
}

/** Such a service that a run which was killed has left. */
export interface LeftService {
  readonly id: string;
  readonly name: string;
  /** The service that it was for, which may never have been made, or have another name by now. */
  readonly service: string;
}

/**
 * What killed runs of a stack have left of such services. Only where no run of the stack is at work: what it has is there too.
 *
 * @param known - reads the names of the services that the stack has; only where there is something that may be left
 */
export async function findLeftServices(
  { docker }: EngineConnection,
  own: StackIdentity,
  known: () => Promise<ReadonlySet<string>>,
): Promise<LeftService[]> {
  const services = await listServices(docker);
  const isAny = services.some(({ Spec }) => Spec.Labels?.[pullLabel] !== undefined);
  return isAny ? leftServices(services, own, await known()) : [];
}

/** Of all services of a swarm those that killed runs of a stack have left; see {@link findLeftServices}. */
export function leftServices(
  services: readonly Service[],
  own: StackIdentity,
  known: ReadonlySet<string>,
): LeftService[] {
  const names = new Set(services.map(({ Spec }) => Spec.Name));
  return services.flatMap(({ ID: id, Spec: { Name: name, Labels } }) => {
    const service = Labels?.[pullLabel];
    if (service === undefined) return [];
    // One of which another checkout of the stack takes care, or that is of no component and says no stack.
    const isElsewhere = names.has(service) && !known.has(service);
    const isOwn =
      ownerInLabels(Labels) === undefined ? known.has(service) : ownershipOf({ labels: Labels }, own).kind === "ours";
    return isOwn && !isElsewhere ? [{ id, name, service }] : [];
  });
}

/** Removes what {@link findLeftServices} has found. */
export async function removeLeftServices({ docker }: EngineConnection, left: readonly LeftService[]): Promise<void> {
  await Promise.all(left.map(({ id }) => removeOneOff(docker, id)));
}

/** Removes what runs that were killed have left of such services for these. */
export async function removeLeftPulls(connection: EngineConnection, services: readonly string[]): Promise<void> {
  await removeLeft(connection, ({ Labels }) => services.includes(Labels?.[pullLabel] ?? ""));
}

/**
 * Removes what runs that were killed have left and that has this configuration, whose service may never have been made.
 *
 * @returns whether there was any
 */
export async function removeLeftUsers(connection: EngineConnection, configId: string): Promise<boolean> {
  return removeLeft(
    connection,
    ({ TaskTemplate }) => TaskTemplate.ContainerSpec?.Configs?.some(({ ConfigID }) => ConfigID === configId) ?? false,
  );
}

async function removeLeft({ docker }: EngineConnection, isMeant: (spec: ServiceSpec) => boolean): Promise<boolean> {
  const left = await listServices(docker, pullLabel);
  const meant = left.filter(({ Spec }) => isMeant(Spec));
  await Promise.all(meant.map(({ ID }) => removeOneOff(docker, ID)));
  return meant.length > 0;
}

/** Removes such a service; someone else may have done so already. Nothing waits for its container. */
export async function removeOneOff(docker: Docker, id: string): Promise<void> {
  await readAgain(() => docker.getService(id).remove() as Promise<unknown>).catch((error: unknown) => {
    if (dockerStatus(error) !== 404) throw error;
  });
}
