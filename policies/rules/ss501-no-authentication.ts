import { isKnown } from "../../model/service/definition.ts";
import { authenticates } from "../authentication.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { titleOf } from "../subject.ts";

export const noAuthentication: Rule = {
  id: "SS501",
  name: "no-authentication",
  level: "warning",
  reason: "Anyone who reaches the service's network can read, change and erase all data.",
  fix: "Give the server a password from a Docker secret.",
  check(subject) {
    const { service, redis } = subject;
    const answer = authenticates(subject);
    if (answer === undefined) return notApplicable;
    const path = redis?.path ?? service.paths.environment;
    if (!isKnown(answer))
      return unverifiable(
        path,
        `Whether ${titleOf(subject)} asks for a password is not known: not all of its configuration can be seen.`,
      );
    // Where it is published, SS503 says the same and more.
    const isPublished = isKnown(service.ports) && service.ports.length > 0;
    if (!answer && isPublished) return notApplicable;
    return answer ? pass : fail(path, `${titleOf(subject)} asks for no password.`);
  },
};
