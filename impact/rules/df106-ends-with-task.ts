import { placeWords } from "../../model/storage/data-location.ts";
import { rule, type Diagnostic } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

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
        return [{ code: "DF106", text: "The data lies in memory (tmpfs), which ends with the task.", ...lost }];
      if (kind !== "ends with container") return [];
      const text = `The data lies in ${placeWords(place)}, which is removed with the task's container.`;
      return [{ code: "DF107", text, ...lost }];
    }),
);
