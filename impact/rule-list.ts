import type { DiagnosticRule } from "./rule.ts";
import { taskStays, taskStops } from "./rules/df001-task.ts";
import { otherStorage } from "./rules/df101-other-storage.ts";
import { movedAway } from "./rules/df102-moved-away.ts";
import { endsWithTask, notMounted, serviceRemoved, volumeDeleted } from "./rules/df103-storage-gone.ts";
import { nextPlaceOpen } from "./rules/df108-next-place-open.ts";
import { volumeWithoutService } from "./rules/df111-volume-without-service.ts";
import { stopLoses } from "./rules/df201-stop.ts";
import { filesRefused, memoryLimit } from "./rules/df301-start.ts";
import { redisStart } from "./rules/df302-redis-start.ts";
import { otherProgram } from "./rules/df310-other-program.ts";
import { replicas, rivals, twoTasks } from "./rules/df401-writers.ts";
import {
  elsewhere,
  ignoredRemoval,
  notInEffect,
  protection,
  rollback,
  serviceDown,
  stepFails,
} from "./rules/df501-feasibility.ts";
import { entrypoint, laterLoss, user, volumeOptions } from "./rules/df601-later.ts";
import { obstacle } from "./rules/df701-obstacle.ts";
import type { VolumeFacts } from "./simulation/facts.ts";

/** Every rule about a service, in the order of what happens: the task, its stop, its data, its start, other writers, the rest. */
export const serviceRules: readonly DiagnosticRule[] = [
  taskStops,
  taskStays,
  stopLoses,
  volumeDeleted,
  endsWithTask,
  serviceRemoved,
  filesRefused,
  notMounted,
  otherStorage,
  movedAway,
  nextPlaceOpen,
  redisStart,
  memoryLimit,
  otherProgram,
  twoTasks,
  replicas,
  rivals,
  stepFails,
  serviceDown,
  protection,
  ignoredRemoval,
  elsewhere,
  notInEffect,
  rollback,
  laterLoss,
  user,
  volumeOptions,
  entrypoint,
  obstacle,
];

/** Every rule about a volume without a service. */
export const volumeRules: readonly DiagnosticRule<VolumeFacts>[] = [volumeWithoutService];

/** What prevents a whole plan from being carried out. */
const planTitles = {
  DF706: "The preview failed",
  DF707: "The content of a config or secret changes under its name",
};

/** Each code with its title, in order. Codes are stable: pipelines and dashboards refer to them. */
export const diagnosticTitles: readonly (readonly [code: string, title: string])[] = [
  ...new Map([...serviceRules, ...volumeRules, { titles: planTitles }].flatMap(({ titles }) => Object.entries(titles))),
].toSorted(([one], [other]) => (one < other ? -1 : 1));
