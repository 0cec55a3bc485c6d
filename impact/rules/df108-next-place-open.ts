import { isOnServerForOneNode, placeWords } from "../../model/storage/data-location.ts";
import { rule, type Diagnostic } from "../rule.ts";
import { optionsInMount, remedies } from "../verdict/remedies.ts";

type Code = "DF108" | "DF109";

/** When it is uncertain what the new task finds at its data path. */
export const nextPlaceOpen = rule<Code>(
  {
    DF108: "Nothing ties the task to the node of its data",
    DF109: "The next data location is not known",
  },
  ({ places, location, constraints }) =>
    places.flatMap((each): readonly Diagnostic<Code>[] => {
      if (each.kind === "not known") {
        const text = `It is unknown what the new task finds at its data path: ${each.why}.`;
        return [{ code: "DF109", fate: "unknown", text, path: each.path }];
      }
      if (each.kind !== "may move") return [];
      const { place, target, among } = each;
      const finds = place.kind === "host folder" ? "another folder of that path" : "an empty volume of the same name";
      const unless = place.reach === "not known" ? ", unless it is the same file system on all of them" : "";
      const text = `Nothing ties the task to the node of ${placeWords(place)}: it may start on ${among}, and on another node it finds ${finds}${unless}.`;
      const means = [
        remedies.pinFirst(location?.node),
        ...(isOnServerForOneNode(target) ? [optionsInMount(target)] : []),
      ];
      return [{ code: "DF108", fate: "at risk", text, ...constraints, remedies: means }];
    }),
);
