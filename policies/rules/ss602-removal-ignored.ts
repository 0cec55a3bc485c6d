import { isKnown, type Known, type ServiceDefinition, type ServiceField } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { hasData } from "../subject.ts";

export const removalIgnored: Rule = {
  id: "SS602",
  name: "removal-ignored",
  level: "warning",
  reason:
    "The provider keeps what the program no longer has and reports nothing: the service keeps running with a setting that no one sees.",
  fix: "Write the new value instead of removing the old one, or replace the service.",
  check(subject) {
    const { previous, index } = subject;
    const service = index.asWritten(subject.service);
    if (previous === undefined || service.origin !== "pulumi" || !hasData(subject)) return notApplicable;
    return Object.entries(kept).map(([field, { what, of }]) => {
      const was = of(previous);
      const is = of(service);
      if (!isKnown(was) || was === undefined) return pass;
      // The keys of the table are fields.
      const path = service.paths[field as keyof typeof kept];
      if (!isKnown(is)) return unverifiable(path, "Whether this is taken out of the program is not known yet.");
      if (is !== undefined) return pass;
      return fail(path, `${what} taken out of the program, and the provider leaves the old value on the service.`);
    });
  },
};

/** What the provider keeps although the program no longer has it. */
const kept = {
  constraints: {
    what: "The constraints are",
    of: ({ constraints }) => (isKnown(constraints) && constraints.length === 0 ? undefined : constraints),
  },
  memoryLimit: { what: "The memory limit is", of: ({ limits }) => limits.memoryBytes },
  memoryReservation: { what: "The memory reservation is", of: ({ reservations }) => reservations.memoryBytes },
  healthCheck: { what: "The health check is", of: ({ healthCheck }) => healthCheck },
} satisfies Partial<Record<ServiceField, { what: string; of: (service: ServiceDefinition) => Known<unknown> }>>;
