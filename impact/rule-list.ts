import { taskStops } from "./rules/df001-task-stops.ts";
import { taskStays } from "./rules/df010-task-stays.ts";
import { otherStorage } from "./rules/df101-other-storage.ts";
import { movedAway } from "./rules/df102-moved-away.ts";
import { notMounted } from "./rules/df103-not-mounted.ts";
import { serviceRemoved } from "./rules/df104-service-removed.ts";
import { volumeDeleted } from "./rules/df105-volume-deleted.ts";
import { endsWithTask } from "./rules/df106-ends-with-task.ts";
import { nextPlaceOpen } from "./rules/df108-next-place-open.ts";
import { volumeWithoutService } from "./rules/df111-volume-without-service.ts";
import { stopLoses } from "./rules/df201-stop.ts";
import { filesRefused } from "./rules/df301-files-refused.ts";
import { redisStart } from "./rules/df302-redis-start.ts";
import { memoryLimit } from "./rules/df309-memory-limit.ts";
import { otherProgram } from "./rules/df310-other-program.ts";
import { twoTasks } from "./rules/df401-two-tasks.ts";
import { replicas } from "./rules/df403-replicas.ts";
import { rivals } from "./rules/df406-rivals.ts";
import { stepFails } from "./rules/df501-step-fails.ts";
import { serviceDown } from "./rules/df502-down.ts";
import { protection } from "./rules/df503-protection.ts";
import { ignoredRemoval } from "./rules/df505-ignored-removal.ts";
import { elsewhere } from "./rules/df506-elsewhere.ts";
import { notInEffect } from "./rules/df508-not-in-effect.ts";
import { rollback } from "./rules/df509-rollback.ts";
import { laterLoss } from "./rules/df601-later-loss.ts";
import { user } from "./rules/df604-user.ts";
import { volumeOptions } from "./rules/df605-volume-options.ts";
import { entrypoint } from "./rules/df606-entrypoint.ts";
import type { DiagnosticRule } from "./rule.ts";
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
];

/** Every rule about a volume without a service. */
export const volumeRules: readonly DiagnosticRule<VolumeFacts>[] = [volumeWithoutService];

/** What each code says, in a few words, in the order of the codes. They are stable: pipelines and dashboards name them. */
export const diagnosticTitles: readonly (readonly [code: string, title: string])[] = [
  ...new Map([...serviceRules, ...volumeRules].flatMap(({ titles }) => Object.entries(titles))),
].toSorted(([one], [other]) => (one < other ? -1 : 1));
