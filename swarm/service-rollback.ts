/** Bringing back the former version of a service, and saying what came of it. */
import type { EngineConnection } from "./connection.ts";
import { dockerWords, isConnectionCut } from "./docker-error.ts";
import type { Service, Task } from "./docker-objects.ts";
import { isUpToDate, type Failure } from "./service-tasks.ts";
import type { TaskEvidence } from "./task-failure.ts";

/**
 * Asks Swarm to bring back a service's former version, as `docker service rollback` does.
 *
 * @returns whether it was asked; not, where the service has changed in the meantime: then it is to be looked at again
 */
export async function requestRollback({ docker }: EngineConnection, service: Service): Promise<boolean> {
  // dockerode takes the credentials first (lib/service.js), its types do not know it.
  const target = docker.getService(service.ID) as unknown as {
    update: (auth: object, request: object) => Promise<unknown>;
  };
  try {
    const query = { version: service.Version.Index, rollback: "previous" };
    await target.update({}, { _query: query, _body: service.Spec });
    return true;
  } catch (error) {
    if (isConnectionCut(error) || dockerWords(error).includes("update out of sequence")) return false;
    throw error;
  }
}

/** What came of a failed update in the end, where Swarm has rolled it back or tried to. */
export function rollbackOutcome(
  { former, words }: Failure,
  service: Service,
  tasks: readonly Task[],
  evidence: ReadonlyMap<string, TaskEvidence>,
): string | undefined {
  if (former === undefined) return undefined;
  if (former === "runs") return "The former version runs again.";
  const last = tasks.findLast((task) => isUpToDate(task, service) && evidence.has(task.ID));
  const why = last?.Status.Err || words || "no task of it runs";
  const lines = last === undefined ? [] : (evidence.get(last.ID)?.logLines ?? []);
  const said = lines.length === 0 ? "" : ` Its last log lines:\n${lines.map((line) => `    ${line}`).join("\n")}\n`;
  return `The former version does not run: ${why}.${said}`;
}
