import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { hasData } from "../subject.ts";

export const removalIgnored: Rule = {
  id: "SS602",
  name: "removal-ignored",
  level: "warning",
  reason:
    "The provider keeps what is no longer in the program and reports nothing: the service goes on with a setting that nobody sees.",
  fix: "Write the new value instead of removing the old one, or replace the service.",
  check(subject) {
    const { previous, index } = subject;
    const service = index.asWritten(subject.service);
    if (previous === undefined || service.origin !== "pulumi" || !hasData(subject)) return notApplicable;
    return [
      compare(previous, service, "constraints", "The constraints are", ({ constraints }) =>
        isKnown(constraints) ? constraints.length > 0 : constraints,
      ),
      compare(previous, service, "memoryLimit", "The memory limit is", ({ limits }) =>
        isKnown(limits.memoryBytes) ? limits.memoryBytes !== undefined : limits.memoryBytes,
      ),
      compare(previous, service, "memoryReservation", "The memory reservation is", ({ reservations }) =>
        isKnown(reservations.memoryBytes) ? reservations.memoryBytes !== undefined : reservations.memoryBytes,
      ),
      compare(previous, service, "healthCheck", "The health check is", ({ healthCheck }) =>
        isKnown(healthCheck) ? healthCheck !== undefined : healthCheck,
      ),
    ];
  },
};

function compare(
  before: ServiceDefinition,
  after: ServiceDefinition,
  field: "constraints" | "memoryLimit" | "memoryReservation" | "healthCheck",
  what: string,
  has: (service: ServiceDefinition) => boolean | symbol,
): Answer {
  if (has(before) !== true) return pass;
  const path = after.paths[field];
  const is = has(after);
  if (typeof is === "symbol") return unverifiable(path, `Whether this is taken out of the program is not known yet.`);
  return is
    ? pass
    : fail(path, `${what} taken out of the program, and the provider leaves the old value on the service.`);
}
