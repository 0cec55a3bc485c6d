import { rule, type Diagnostic } from "../rule.ts";

/** A step that does not come to pass. */
export const stepFails = rule({ DF501: "The step fails or is not reached" }, ({ failure, course, before }) => {
  if (failure === undefined) return [];
  const found = { code: "DF501", text: failure } as const;
  const isQuiet = course.kind === "goes on" || before.service.definition.replicas === 0;
  const note: Diagnostic<"DF501"> = { ...found, fate: "note" };
  return isQuiet ? [{ ...found, fate: "untouched" }, note] : [note];
});
