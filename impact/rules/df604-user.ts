import { isKnown } from "../../model/service/definition.ts";
import { rule } from "../rule.ts";

/** Another user on the old one's files. */
export const user = rule({ DF604: "The user changes" }, ({ before, course }) => {
  if (course.kind !== "exchanged") return [];
  const [was, is] = [before.service.definition.user, course.after.service.definition.user];
  if (!isKnown(was) || !isKnown(is) || (was ?? "") === (is ?? "")) return [];
  const text =
    "The user changes: it must be allowed to write the files of the old one, or the server cannot save any more.";
  return [{ code: "DF604", fate: "note", text }];
});
