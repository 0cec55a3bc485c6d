import { rule } from "../rule.ts";

/** A server of another version or product that does not start on the files. */
export const filesRefused = rule({ DF301: "The new server refuses the files" }, ({ places, refusal, course }) => {
  if (refusal === undefined || course.kind !== "exchanged" || !places.some(({ kind }) => kind === "refused")) return [];
  const text = course.isTakenBack
    ? `${refusal.why}: it never starts, Swarm rolls the update back (failureAction), and the former task starts again on the data as it is.`
    : `${refusal.why}: it never starts, and the data stays as it is until somebody carries it over.`;
  return [{ code: "DF301", fate: "interrupted", text, path: course.after.service.definition.paths.image }];
});
