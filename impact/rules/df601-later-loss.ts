import { durabilityGivenUp } from "../../model/redis/durability.ts";
import { belongsToTask } from "../../model/storage/data-location.ts";
import { rule, type Diagnostic } from "../rule.ts";

type Code = "DF601" | "DF602" | "DF603" | "DF607";

/** What will cost data at a later change. */
export const laterLoss = rule<Code>(
  {
    DF601: "The data path becomes read-only",
    DF602: "From then on a stop loses data",
    DF603: "From then on every replacement starts empty",
    DF607: "Fewer writes survive a crash",
  },
  ({ before, course, laterStopLoss }) => {
    if (course.kind !== "exchanged") return [];
    const { places } = course.after.keeper;
    const found: Diagnostic<Code>[] = [];
    const note = (code: Code, text: string): void => void found.push({ code, fate: "note", text });
    if (places.some((place) => place.readOnly === true))
      note("DF601", "The data path becomes read-only: the server reads its data and cannot save any more.");
    if (laterStopLoss !== undefined) note("DF602", `From then on a stop loses data: ${laterStopLoss}.`);
    const [was, is] = [before.redis, course.after.redis];
    const givenUp = places.length === 0 ? undefined : was && is && durabilityGivenUp(was, is);
    if (givenUp !== undefined) note("DF607", givenUp);
    if (course.cannotStart === undefined && places.some(belongsToTask))
      note(
        "DF603",
        "From then on every replacement of the task starts empty: nothing persistent is mounted at the data path.",
      );
    return found;
  },
);
