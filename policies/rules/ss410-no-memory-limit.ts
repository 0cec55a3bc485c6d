import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { isStore } from "../subject.ts";

export const noMemoryLimit: Rule = {
  id: "SS410",
  name: "no-memory-limit",
  level: "warning",
  reason: "Without a limit a task can exhaust its node's memory, and the kernel then kills any process there.",
  fix: "Set a memory limit.",
  check(subject) {
    const { limits, paths } = subject.service;
    if (!isStore(subject)) return notApplicable;
    if (!isKnown(limits.memoryBytes)) return unverifiable(paths.memoryLimit, "The memory limit is not known yet.");
    return limits.memoryBytes === undefined ? fail(paths.memoryLimit, "There is no memory limit.") : pass;
  },
};
