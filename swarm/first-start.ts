/**
 * The first start of a store: a task that runs once, with the service's own start script on its own volumes, sets the store's mark
 * where there is none. Swarm runs it on the service's node, so that no access to the node is needed.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../model/input-error.ts";
import { firstStartVariable } from "../model/start-guard.ts";
import type { EngineConnection } from "./connection.ts";
import { dockerStatus, readAgain } from "./docker-error.ts";
import type { ServiceSpec, Task } from "./docker-objects.ts";
import { listTasks, type RegistryCredentials } from "./docker-reads.ts";
import { pullLabel, removeLeftPulls } from "./image-pull.ts";
import { redactor } from "./redaction.ts";
import { createService } from "./service-changes.ts";
import { examineTask } from "./task-failure.ts";

const lookEveryMs = 100;

/** How long the task must stand without a node until nobody waits for it. */
const pendingBelievedMs = 2000;

/** How long it may take, the pull of the image included. */
const limitMs = 30 * 60_000;

/**
 * Sets a store's mark on the volumes of its service that have none. A volume that has a mark, whosever it is, is left as it is: the
 * server itself judges it.
 *
 * @param spec - the service as it is to be
 * @param identity - the store
 * @throws InputError with the task's own words where it fails, or no node takes it; no server has been started then
 */
export async function startFirst(
  connection: EngineConnection,
  spec: ServiceSpec,
  identity: string,
  credentials: RegistryCredentials | undefined,
): Promise<void> {
  const { docker } = connection;
  await removeLeftPulls(connection, [spec.Name]);
  const id = await createService(connection, markingSpec(spec, identity), credentials);
  const began = performance.now();
  try {
    let pendingSince: number | undefined;
    for (;;) {
      const [task] = await listTasks(docker, id);
      const { State = "new", Err = "" } = task?.Status ?? {};
      if (State === "complete") return;
      if (task !== undefined && ["failed", "rejected"].includes(State)) {
        throw failure(spec.Name, await lastWords(connection, task, credentials));
      }
      const now = performance.now();
      pendingSince = State === "pending" && Err !== "" ? (pendingSince ?? now) : undefined;
      if (pendingSince !== undefined && now - pendingSince > pendingBelievedMs) throw failure(spec.Name, Err);
      if (now - began > limitMs) throw failure(spec.Name, `no end after ${limitMs / 60_000} minutes`);
      await sleep(lookEveryMs);
    }
  } finally {
    await readAgain(() => docker.getService(id).remove() as Promise<unknown>).catch((error: unknown) => {
      if (dockerStatus(error) !== 404) throw error;
    });
  }
}

/** The service's container once, without its networks, ports and secrets. */
function markingSpec({ Name, TaskTemplate }: ServiceSpec, identity: string): ServiceSpec {
  const { ContainerSpec: container, Placement, LogDriver } = TaskTemplate;
  return {
    Name: `holdfast-first-${Name.slice(0, 36)}-${randomBytes(4).toString("hex")}`,
    Labels: { [pullLabel]: Name },
    TaskTemplate: {
      ...(container && {
        ContainerSpec: {
          ...container,
          Env: [...(container.Env ?? []), `${firstStartVariable}=${identity}`],
          Secrets: [],
          Healthcheck: { Test: ["NONE"] },
        },
      }),
      RestartPolicy: { Condition: "none" },
      ...(Placement && { Placement }),
      ...(LogDriver && { LogDriver }),
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr", Ports: [] },
  };
}

async function lastWords(
  { docker }: EngineConnection,
  task: Task,
  credentials: RegistryCredentials | undefined,
): Promise<string> {
  const { logLines, registryAnswer } = await examineTask(docker, task, { redact: redactor([]), credentials });
  return [task.Status.Err, registryAnswer, logLines.at(-1)]
    .filter((words) => words !== undefined && words !== "")
    .join(": ");
}

function failure(name: string, words: string): InputError {
  return new InputError({
    path: `service "${name}"`,
    expected: "a first start of its store on its volume",
    got: words,
    fix: "Correct what is wrong there and run it again; no server has been started",
  });
}
