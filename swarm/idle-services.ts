import type Docker from "dockerode";
import { z } from "zod";
import { taskWords } from "../model/task-words.ts";
import { readAgain } from "./docker-error.ts";
import { listTasks } from "./docker-reads.ts";
import { readAnswer } from "./engine-requests.ts";

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
  ServiceStatus: z.looseObject({ RunningTasks: z.number(), DesiredTasks: z.number() }).optional(),
});

/** Which of these services lack tasks; one call for all of them where none does. */
export async function idleServices(docker: Docker, names: readonly string[]): Promise<IdleService[]> {
  if (names.length === 0) return [];
  // A name's filter takes what begins with it too. dockerode passes the status on, its types do not know it.
  const request = { status: true, filters: JSON.stringify({ name: names }) } as object;
  const services = readAnswer(z.array(countedSchema), await readAgain(() => docker.listServices(request)));
  const idle = services.flatMap(({ ID, Spec, ServiceStatus: count }) =>
    count !== undefined && names.includes(Spec.Name) && count.RunningTasks < count.DesiredTasks
      ? [{ id: ID, name: Spec.Name, running: count.RunningTasks, wanted: count.DesiredTasks }]
      : [],
  );
  return Promise.all(
    idle.map(async ({ id, ...service }) => {
      const last = (await listTasks(docker, id)).at(-1);
      const words =
        last === undefined ? "there is none" : `the last one is ${taskWords(last.Status.State, last.Status.Err)}`;
      return { ...service, words };
    }),
  );
}
