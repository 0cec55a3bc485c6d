import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { hasData } from "../subject.ts";

export const restartGivesUp: Rule = {
  id: "SS409",
  name: "restart-gives-up",
  level: "error",
  reason: "When the restart policy gives up, Swarm leaves the service without a task and reports nothing.",
  fix: "Set the condition to any and no maximum of attempts; the delay keeps a failing task from spinning.",
  check(subject) {
    const { service } = subject;
    const { restart, paths } = service;
    if (!hasData(subject) || service.mode === "replicated-job" || service.mode === "global-job") return notApplicable;
    if (!isKnown(restart)) return unverifiable(paths.restart, "The restart policy is not known yet.");
    if (restart === undefined) return pass;
    const { condition, maxAttempts } = restart;
    if (condition === "none") return fail(paths.restart, "The restart condition is none.");
    if (!isKnown(condition) || !isKnown(maxAttempts))
      return unverifiable(paths.restart, "Whether the restart policy ends is not known yet.");
    if ((maxAttempts ?? 0) > 0)
      return fail(paths.restart, `The restart policy ends after ${maxAttempts ?? 0} attempts.`);
    if (condition !== "on-failure") return pass;
    return fail(
      paths.restart,
      "The restart condition is on-failure, and a server that was stopped, by a reboot for example, has exited without failure.",
      { level: "warning" },
    );
  },
};
