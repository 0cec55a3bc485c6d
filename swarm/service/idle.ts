import type Docker from "dockerode";
import { z } from "zod";
import { taskWords } from "../../text/task-state.ts";
import { readAgain } from "../api/errors.ts";
import { type Task, taskSchema } from "../api/objects.ts";
import { listTasks } from "../api/reads.ts";
import { readAnswer } from "../engine/requests.ts";

/** A service of which fewer tasks run than it wants. */
export interface IdleService {
  name: string;
  running: number;
  wanted: number;
  /** What Swarm says of the task that it made last. */
  words: string;
}

/** `GET /services?status=true`; engines before 20.10 do not count tasks. */
const countedSchema = z.looseObject({
  ID: z.string(),
  Spec: z.looseObject({ Name: z.string() }),
  ServiceStatus: z.looseObject({ DesiredTasks: z.number() }).optional(),
});

/** Which of these services lack tasks; two calls for all of them where none does. */
export async function idleServices(docker: Docker, names: readonly string[]): Promise<IdleService[]> {
  if (names.length === 0) return [];
  // A name's filter takes what begins with it too. dockerode passes the status on, its types do not know it.
  const request = { status: true, filters: JSON.stringify({ name: names }) } as object;
  const services = readAnswer(z.array(countedSchema), await readAgain(() => docker.listServices(request)));
  const counted = services.flatMap(({ ID, Spec, ServiceStatus: count }) =>
    count !== undefined && names.includes(Spec.Name) ? [{ id: ID, name: Spec.Name, wanted: count.DesiredTasks }] : [],
  );
  const running = await countRunning(
    docker,
    counted.map(({ id }) => id),
  );
  const idle = counted
    .map((service) => ({ ...service, running: running.get(service.id) ?? 0 }))
    .filter((service) => service.running < service.wanted);
  return Promise.all(
    idle.map(async ({ id, ...service }) => ({ ...service, words: wordsOfLast(await listTasks(docker, id)) })),
  );
}

/**
 * How many tasks of each service run, by its id. Swarm's own count (`RunningTasks`) takes the last word of a dead node's task, "running",
 * for true; such a task is to run no more.
 */
async function countRunning(docker: Docker, serviceIds: readonly string[]): Promise<Map<string, number>> {
  if (serviceIds.length === 0) return new Map();
  const filters = JSON.stringify({ service: serviceIds, "desired-state": ["running"] });
  const tasks = readAnswer(z.array(taskSchema), await readAgain(() => docker.listTasks({ filters })));
  const running = tasks.filter(({ Status }) => Status.State === "running");
  return new Map([...Map.groupBy(running, ({ ServiceID }) => ServiceID)].map(([id, own]) => [id, own.length]));
}

/** What Swarm says of the task that it made last, and of the one that failed before it. */
function wordsOfLast(tasks: readonly Task[]): string {
  const last = tasks.findLast(({ DesiredState }) => DesiredState !== "shutdown") ?? tasks.at(-1);
  if (last === undefined) return "there is none";
  const failed = tasks.findLast(({ Status }) => Status.Err !== "" && ["failed", "rejected"].includes(Status.State));
  const words = `the last one is ${taskWords(last.Status.State, last.Status.Err)}`;
  return failed === undefined || failed.ID === last.ID
    ? words
    : `${words}, and one before it ${taskWords(failed.Status.State, failed.Status.Err)}`;
}
