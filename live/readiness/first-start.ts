/**
 * A task that runs once, with a service's own start script on its own volumes, makes these ready for its server: it sets the store's mark
 * at a first start, and gives free for a new service what a former one had. Swarm runs it on the service's node, so that no access
 * to the node is needed.
 */
import { creationVariable, firstStartVariable } from "../../model/service/start-guard.ts";
import type { ServiceSpec, Task } from "../../swarm/api/objects.ts";
import type { RegistryCredentials } from "../../swarm/api/reads.ts";
import { redactor } from "../../swarm/api/redaction.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { createService } from "../../swarm/service/changes.ts";
import { awaitTaskEnd, oneOffSpec, removeLeftPulls, removeOneOff } from "../../swarm/service/one-off-task.ts";
import { examineTask } from "../../swarm/service/task-failure.ts";
import { InputError } from "../../text/input-error.ts";

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
  try {
    const end = await awaitTaskEnd(docker, id, ({ Status }) => Status.State === "complete");
    if (end.kind === "done") return;
    const words = end.kind === "failed" ? await lastWords(connection, end.task, credentials) : end.words;
    throw failure(spec.Name, words);
  } finally {
    await removeOneOff(docker, id);
  }
}

/** The service's container once, without its networks, ports and secrets. */
function readyingSpec(service: ServiceSpec, { store, begins, marks }: Readying): ServiceSpec {
  const { ContainerSpec: container, Placement, LogDriver } = service.TaskTemplate;
  return oneOffSpec({
    purpose: "first",
    service,
    task: {
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
      ...(Placement && { Placement }),
      ...(LogDriver && { LogDriver }),
    },
  });
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
