/**
 * A task that runs once, with a service's own start script on its own volumes, makes these ready for its server: it sets the store's mark
 * at a first start, and gives free for a new service what a former one had. Swarm runs it on the service's node, so that no access
 * to the node is needed.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../model/input-error.ts";
import { creationVariable, firstStartVariable } from "../model/start-guard.ts";
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

/** What the task is to do. */
export interface Readying {
  /** The store whose data the service has. */
  readonly store: string;
  /** Whether no task of the service ran so far: its volumes are given free for it, once no server runs on them. */
  readonly begins: boolean;
  /** Whether the store's mark is set on a volume that has none. */
  readonly marks: boolean;
  readonly credentials: RegistryCredentials | undefined;
}

/**
 * Makes the volumes of a service ready. One that has another store's mark is left as it is: the server itself judges it.
 *
 * @param spec - the service as it is to be
 * @throws InputError with the task's own words where it fails, or no node takes it; no server has been started then
 */
export async function makeStoreReady(
  connection: EngineConnection,
  spec: ServiceSpec,
  readying: Readying,
): Promise<void> {
  const { docker } = connection;
  const { credentials } = readying;
  await removeLeftPulls(connection, [spec.Name]);
  const id = await createService(connection, readyingSpec(spec, readying), credentials);
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
function readyingSpec({ Name, TaskTemplate }: ServiceSpec, { store, begins, marks }: Readying): ServiceSpec {
  const { ContainerSpec: container, Placement, LogDriver } = TaskTemplate;
  return {
    Name: `holdfast-first-${Name.slice(0, 36)}-${randomBytes(4).toString("hex")}`,
    Labels: { [pullLabel]: Name },
    TaskTemplate: {
      ...(container && {
        ContainerSpec: {
          ...container,
          Env: [
            ...(container.Env ?? []),
            ...(marks ? [`${firstStartVariable}=${store}`] : []),
            ...(begins ? [`${creationVariable}=${store}`] : []),
          ],
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
    expected: "volumes that are ready for its server",
    got: words,
    fix: "Correct what is wrong there and run it again; no server has been started",
  });
}
