import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { hasData } from "../subject.ts";

export const noReservation: Rule = {
  id: "SS411",
  name: "no-reservation",
  level: "warning",
  reason:
    "A pinned task cannot move: when other tasks have filled its node, it stays pending, or is the one that is killed.",
  fix: "Reserve the memory that the service needs.",
  check(subject) {
    const { reservations, paths } = subject.service;
    if (!hasData(subject)) return notApplicable;
    if (!isKnown(reservations.memoryBytes))
      return unverifiable(paths.memoryReservation, "The memory reservation is not known yet.");
    return reservations.memoryBytes === undefined
      ? fail(paths.memoryReservation, "There is no memory reservation.")
      : pass;
  },
};
