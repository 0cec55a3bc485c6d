import { isKnown } from "../../model/service/definition.ts";
import { leftBehind, rule } from "../rule.ts";

/** A new task that mounts nothing in the stead of a place with data. */
export const notMounted = rule({ DF103: "Nothing is mounted at the data path any more" }, (facts) => {
  const { places, before, course } = facts;
  if (course.kind !== "exchanged") return [];
  const { mounts: path } = course.after.service.definition.paths;
  return places
    .filter(({ kind }) => kind === "not mounted")
    .map(({ place }) => {
      const text = before.keeper.isFamiliar
        ? "The new task keeps its data elsewhere, or keeps none."
        : `Nothing is mounted any more at ${isKnown(place.path) ? place.path : "the data path"}.`;
      return leftBehind(facts, place, { code: "DF103", text, path }, []);
    });
});
