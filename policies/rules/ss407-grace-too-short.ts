import { hasSavePoints } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { declaredDataset, hasData, type Subject } from "../subject.ts";

/** No server that has anything to write is done sooner. */
const leastSeconds = 5;
/** Swarm's updater waits no longer for the old task before it starts the new one (swarmkit `updater.go`). */
const mostSeconds = 60;
/** A snapshot is written at about this rate (measured on two shared cores), after at most 10 s of waiting for replicas. */
const savedBytesPerSecond = 70_000_000;
const waitingSeconds = 10;

export const graceTooShort: Rule = {
  id: "SS407",
  name: "grace-too-short",
  level: "warning",
  worst: "error",
  reason:
    "At the end of the grace period the server is killed, even if it has not written everything; beyond 60 s Swarm starts the next task while the old one still runs.",
  fix: "Set a grace period of 30 to 55 s.",
  check(subject) {
    const { service } = subject;
    if (!hasData(subject)) return notApplicable;
    const path = service.paths.stopGrace;
    const seconds = service.stopGraceSeconds;
    if (!isKnown(seconds)) return unverifiable(path, "The grace period is not known yet.");
    if (seconds === undefined) {
      return service.origin === "pulumi"
        ? fail(path, "The grace period is unset, and the provider then sends 0: SIGKILL at once.", { level: "error" })
        : fail(path, "The grace period is unset, so it is Docker's 10 s.");
    }
    if (seconds < leastSeconds) return fail(path, `The grace period is ${seconds} s.`, { level: "error" });
    if (seconds > mostSeconds && subject.dataVolumes.length > 0)
      return fail(path, `The grace period is ${seconds} s, and the next task uses the same volume.`);
    return checkDataset(subject, seconds, path);
  },
};

function checkDataset({ service, redis }: Subject, seconds: number, path: string): Answer {
  if (redis === undefined) return pass;
  const dataset = declaredDataset(service);
  if (!isKnown(dataset))
    return unverifiable(
      service.paths.labels,
      `Whether the grace period is long enough is not known: the label ${serviceLabels.dataset} cannot be read.`,
    );
  if (dataset === undefined || hasSavePoints(redis) === false) return pass;
  const needed = Math.ceil(waitingSeconds + dataset / savedBytesPerSecond);
  if (seconds >= needed) return pass;
  const fix =
    needed <= mostSeconds
      ? `Set it to at least ${needed} s.`
      : "Use the append-only file without save points: its stop writes no snapshot.";
  return fail(path, `The grace period is ${seconds} s, and writing the declared dataset takes about ${needed} s.`, {
    fix,
  });
}
