import { isKnown } from "../../model/service/definition.ts";
import { placeWords } from "../../model/storage/data-location.ts";
import { withoutCredentials } from "../redaction/command-line.ts";
import { at, leftBehind, rule, type Diagnostic } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

/** A new task that mounts nothing in place of the data. */
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

/** What remains of a removed service. */
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

/** A data volume that the plan deletes. */
export const volumeDeleted = rule({ DF105: "The data volume is deleted" }, (facts) =>
  facts.places.flatMap((each): readonly Diagnostic<"DF105">[] => {
    if (each.kind !== "volume deleted") return [];
    const { place, by } = each;
    const verb = by.operation === "replace" ? "replaced, which deletes it" : "deleted";
    const path = at(by.replaceReasons[0]);
    if (place.device !== undefined) {
      const text = `The ${placeWords(place)} is ${verb}; what its options lead to, ${withoutCredentials(place.device.path)}, stays with all that is in it.`;
      return [leftBehind(facts, place, { code: "DF105", text, ...path }, [remedies.keepVolume()])];
    }
    const text = `The ${placeWords(place)} is ${verb}, and nothing uses it at that moment, so Docker does it.`;
    const means = [remedies.keepVolume(), remedies.forgetVolume()];
    return [{ code: "DF105", fate: "destroyed", text, ...path, remedies: means }];
  }),
);

type Code = "DF106" | "DF107";

/** Storage that ends with the task or with its container. */
export const endsWithTask = rule<Code>(
  {
    DF106: "The data is in memory",
    DF107: "The data goes with the container",
  },
  ({ name, places }) =>
    places.flatMap(({ kind, place }): readonly Diagnostic<Code>[] => {
      const lost = { fate: "destroyed", path: place.at, remedies: [remedies.copyOut(place, name)] } as const;
      if (kind === "ends with task")
        return [{ code: "DF106", text: "The data is in memory (tmpfs), which is lost with the task.", ...lost }];
      if (kind !== "ends with container") return [];
      const text = `The data is in ${placeWords(place)}, which is removed with the task's container.`;
      return [{ code: "DF107", text, ...lost }];
    }),
);
