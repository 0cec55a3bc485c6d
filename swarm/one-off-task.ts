/** Services of one task that runs once for another service, on the node of that one, so that no access to the node is needed. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import type { EngineConnection } from "./connection.ts";
import { dockerStatus, readAgain } from "./docker-error.ts";
import { type Port, serviceSchema, type ServiceSpec, type Task } from "./docker-objects.ts";
import { listTasks } from "./docker-reads.ts";
import { readAnswer } from "./engine-requests.ts";

/** Marks the services that run once for another one, to pull its image for example, with the name of that one. */
export const pullLabel = "holdfast.pull";

/** What a service of one task that runs once is for. */
interface OneOff {
  /** A word for its name. */
  readonly purpose: string;
  /** The service that it is for. */
  readonly service: string;
  readonly task: ServiceSpec["TaskTemplate"];
  readonly ports?: readonly Port[];
}

/** A service of one task that runs once: its name is new each time, and its label says for which service it is. */
export function oneOffSpec({ purpose, service, task, ports = [] }: OneOff): ServiceSpec {
  return {
    Name: `holdfast-${purpose}-${service.slice(0, 36)}-${randomBytes(4).toString("hex")}`,
    Labels: { [pullLabel]: service },
    TaskTemplate: { ...task, RestartPolicy: { Condition: "none" } },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr", Ports: [...ports] },
  };
}

/** What came of a task: `stuck` where no node takes it or it does not end in time, `stopped` where nobody waits for it any more. */
export type TaskEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly task: Task }
  | { readonly kind: "stuck" | "stopped"; readonly words: string };

const lookEveryMs = 100;

/** How long the task must stand without a node until nobody waits for it. */
const pendingBelievedMs = 2000;

/** How long it may take, the pull of an image included. */
const limitMs = 30 * 60_000;

/**
 * Waits for the one task of a service.
 *
 * @param isDone - whether it has done what it is for; that counts before its state is taken for a failure
 */
export async function awaitTaskEnd(
  docker: Docker,
  serviceId: string,
  isDone: (task: Task) => boolean,
  signal?: AbortSignal,
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
    await sleep(lookEveryMs);
  }
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
  const filters = { label: [pullLabel] };
  const left = readAnswer(z.array(serviceSchema), await readAgain(() => docker.listServices({ filters })));
  const meant = left.filter(({ Spec }) => isMeant(Spec));
  await Promise.all(meant.map(({ ID }) => removeOneOff(docker, ID)));
  return meant.length > 0;
}

/** Removes such a service; somebody else may have done so. Nothing waits for its container. */
export async function removeOneOff(docker: Docker, id: string): Promise<void> {
  await readAgain(() => docker.getService(id).remove() as Promise<unknown>).catch((error: unknown) => {
    if (dockerStatus(error) !== 404) throw error;
  });
}
