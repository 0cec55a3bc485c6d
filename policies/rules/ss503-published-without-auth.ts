import { isKnown } from "../../model/service/definition.ts";
import { authenticates } from "../authentication.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { titleOf } from "../subject.ts";

export const publishedWithoutAuth: Rule = {
  id: "SS503",
  name: "published-without-auth",
  level: "error",
  reason:
    "Swarm publishes on every address of the node, whatever host address a stack file gives: anyone who reaches the node can erase all data.",
  fix: "Publish no port, or give the server a password from a Docker secret.",
  check(subject) {
    const { ports, paths } = subject.service;
    const answer = authenticates(subject);
    if (answer === undefined || answer === true) return answer === undefined ? notApplicable : pass;
    if (!isKnown(ports))
      return unverifiable(paths.ports, `Whether ${titleOf(subject)} is published without a password is not known yet.`);
    const [port] = ports;
    if (port === undefined) return notApplicable;
    if (!isKnown(answer))
      return unverifiable(
        port.path,
        `${titleOf(subject)} is published, and whether it asks for a password is not known.`,
      );
    const published =
      isKnown(port.publishedPort) && port.publishedPort !== undefined ? `port ${port.publishedPort}` : "a port";
    return fail(port.path, `${titleOf(subject)} is published on ${published} and asks for no password.`);
  },
};
