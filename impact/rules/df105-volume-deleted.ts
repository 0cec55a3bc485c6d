import { placeWords } from "../../model/storage/data-location.ts";
import { withoutCredentials } from "../redaction/command-line.ts";
import { at, leftBehind, rule, type Diagnostic } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

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
