import { placeWords } from "../../model/storage/data-location.ts";
import { at, leftBehind, rule } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

/** What stays of a service that is no longer there. */
export const serviceRemoved = rule({ DF104: "The service is removed and its storage stays" }, (facts) => {
  const { places, course, step, name } = facts;
  if (course.kind !== "stopped") return [];
  const staying = places.filter(({ kind }) => kind === "without service");
  return staying.map(({ place }) => {
    if (course.isUndone) {
      const text = `${course.why} The ${placeWords(place)} with its data stays.`;
      const cause = { code: "DF104", text, ...at(step.replaceReasons[0]) } as const;
      return leftBehind(facts, place, cause, [remedies.startableFirst()]);
    }
    const text = `Service "${name}" is removed; ${placeWords(place)} with its data stays.`;
    return leftBehind(facts, place, { code: "DF104", text }, []);
  });
});
