import { differences } from "../../model/plan/task-template.ts";
import { rule } from "../rule.ts";

/** Another entrypoint in front of Redis. */
export const entrypoint = rule({ DF606: "The entrypoint changes" }, ({ before, course }) => {
  if (course.kind !== "exchanged" || before.keeper.redis === undefined) return [];
  const [was, is] = [before.service.definition.command, course.after.service.definition.command];
  if (differences(was, is, "").length === 0) return [];
  return [{ code: "DF606", fate: "note", text: "The entrypoint changes; it is taken to start the same server." }];
});
