import { rule } from "../rule.ts";

/** A service of which no task runs. */
export const serviceDown = rule({ DF502: "The service is down now" }, ({ down: why, before, course }) => {
  if (why === undefined || before.service.definition.replicas === 0) return [];
  const startsNone = course.kind === "goes on" ? ", and starts none" : "";
  const text = `No task of the service runs now (${why}), so this change stops none${startsNone}.`;
  return [{ code: "DF502", fate: "note", text }];
});
