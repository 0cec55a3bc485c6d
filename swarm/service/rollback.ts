/** Brings back the former version of a service, and says how that ended. */
import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import { dockerWords, isConnectionCut } from "../api/errors.ts";
import type { Service, ServiceSpec, Task } from "../api/objects.ts";
import { inspectService, type RegistryCredentials } from "../api/reads.ts";
import type { EngineConnection } from "../engine/connection.ts";
import { noProcessLimit } from "./spec-comparison.ts";
import type { TaskEvidence } from "./task-failure.ts";
import { isHomeless, isUpToDate, type Failure } from "./tasks.ts";

/**
 * Asks Swarm to bring back a service's former version, as `docker service rollback` does.
 *
 * @returns whether Swarm accepted; not where the service has changed in the meantime: then it must be looked at again
 */
export function requestRollback({ docker }: EngineConnection, service: Service): Promise<boolean> {
  return sendOnce(docker, service, { rollback: "previous" }, service.Spec);
}

/** Sends an update on the version that was looked at; returns whether it was accepted: not where the service has changed since. */
async function sendOnce(docker: Docker, service: Service, query: object, spec: ServiceSpec): Promise<boolean> {
  try {
    await postUpdate(docker, service.ID, { version: service.Version.Index, ...query }, spec);
    return true;
  } catch (error) {
    if (isConnectionCut(error) || dockerWords(error).includes("update out of sequence")) return false;
    throw error;
  }
}

/** Sends one update of a service (Docker Engine API `POST /services/{id}/update`). */
export async function postUpdate(
  docker: Docker,
  id: string,
  query: object,
  spec: ServiceSpec,
  credentials?: RegistryCredentials,
): Promise<void> {
  // dockerode takes the credentials first (lib/service.js), which its types do not know.
  const target = docker.getService(id) as unknown as { update: (auth: object, request: object) => Promise<unknown> };
  await target.update(credentials ?? {}, { _query: query, _body: spec });
}

/**
 * Lets a rollback continue that waits for a task without a node, which can never report that it has stopped: Swarm gives up on it
 * after a minute (swarmkit manager/orchestrator/restart, `DelayStart`). An update that means the same makes the next task at once.
 *
 * Sent twice, it is its own former version, so that a rollback to it changes nothing but its name in Swarm: everyone who waits for the
 * update, including the Docker provider, sees a rollback and not a completed update.
 *
 * @returns whether it was sent; not where the service has changed in the meantime
 */
export async function hastenRollback({ docker }: EngineConnection, service: Service): Promise<boolean> {
  const spec = saidOtherwise(service.Spec);
  if (!(await sendOnce(docker, service, sameRegistry, spec))) return false;
  const sent = await inspectService(docker, service.ID);
  if (sent !== undefined && (await sendUnlessChanged(docker, sent, sameRegistry)))
    await sendUnlessChanged(docker, sent, { rollback: "previous" });
  return true;
}

/** The registry's credentials come from the present specification. */
const sameRegistry = { registryAuthFrom: "spec" };

/** Sends a service's own specification, again where only Swarm's notes on its update have changed the version. */
async function sendUnlessChanged(docker: Docker, { ID, Spec }: Service, query: object): Promise<boolean> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const now = await inspectService(docker, ID);
    if (now === undefined || !isDeepStrictEqual(now.Spec, Spec)) return false;
    if (await sendOnce(docker, now, query, now.Spec)) return true;
  }
  return false;
}

const attempts = 10;

/**
 * The same task written differently, which is another one to Swarm: no limit of processes is -1 as well as 0 (`docker run --pids-limit`).
 * The provider does not read that limit, so neither its state nor a plan shows it.
 */
function saidOtherwise(spec: ServiceSpec): ServiceSpec {
  const { Resources } = spec.TaskTemplate;
  const { Pids = 0, ...limits } = Resources?.Limits ?? {};
  if (Pids !== 0 && Pids !== noProcessLimit) return spec;
  const Limits = { ...limits, ...(Pids === 0 && { Pids: noProcessLimit }) };
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, Resources: { ...Resources, Limits } } };
}

/** How a failed update ended, where Swarm has rolled it back or tried to. */
export function rollbackOutcome(
  { former, words }: Failure,
  service: Service,
  tasks: readonly Task[],
  evidence: ReadonlyMap<string, TaskEvidence>,
): string | undefined {
  if (former === undefined) return undefined;
  if (former === "runs") return "The former version runs again.";
  const last = tasks.findLast((task) => isUpToDate(task, service) && evidence.has(task.ID));
  const homeless = tasks.findLast((task) => isUpToDate(task, service) && isHomeless(task));
  const why = last?.Status.Err || homeless?.Status.Err || words || "no task of it runs";
  const lines = last === undefined ? [] : (evidence.get(last.ID)?.logLines ?? []);
  const said = lines.length === 0 ? "" : ` Its last log lines:\n${lines.map((line) => `    ${line}`).join("\n")}\n`;
  return `The former version does not run: ${why}.${said}`;
}
