import { isKnown } from "../../model/service/definition.ts";
import { belongsToTask, placeWords, type DataPlace } from "../../model/storage/data-location.ts";
import { isSameHostFolder } from "../../model/storage/host-named-folder.ts";
import { copiedAfterStop, leftBehind, rule, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";
import type { PlaceFacts } from "../simulation/place-course.ts";
import { copyFirst, remedies } from "../verdict/remedies.ts";

type Code = "DF101" | "DF110";

/** What the new task finds instead of the data. */
export const otherStorage = rule<Code>(
  {
    DF101: "Other storage at the data path",
    DF110: "The task starts on a copy in another volume",
  },
  (facts) => facts.places.flatMap((each) => (each.kind === "other" ? otherPlace(facts, each) : [])),
);

function otherPlace(
  facts: ServiceFacts,
  { place, target, found }: Extract<PlaceFacts, { kind: "other" }>,
): readonly Diagnostic<Code>[] {
  const { name, before, isIdle } = facts;
  const [from, to] = [placeWords(place), placeWords(target)];
  const elsewhere = from !== to ? to : belongsToTask(target) ? "storage of its own" : `another folder of ${from}`;
  const path = isKnown(target.path) ? target.path : "the data path";
  const old = isKnown(place.path) ? place.path : path;
  const moved = old !== path ? ` (the data path moves from ${old} to ${path})` : "";
  const isNamedAfterHost = from === to && isSameHostFolder(place.hostFolder, target.hostFolder) === false;
  const paths = { isNamedAfterHost, isMount: from !== to && moved === "", elsewhere };
  if (found.kind === "data" && isIdle) {
    const text = `The new task finds ${elsewhere} at ${path}${moved}, which ${found.words}: it starts on the data there, and ${from} stays as it is.`;
    const copy = { code: "DF110", fate: "interrupted", text, assumption: copiedAfterStop } as const;
    return whatLeadsThere(facts, place, target, paths).map((change) => ({ ...copy, ...change }));
  }
  const why = isNamedAfterHost ? ", named after the container's host," : "";
  const seen =
    found.kind === "not looked at"
      ? ""
      : ` Now ${elsewhere} ${found.words}${found.kind === "data" ? "; what is written from now on would not be in it" : ""}.`;
  const text = `The new task finds ${elsewhere}${why} at ${path}${moved} and starts without the data, which stays in ${from}.${seen}`;
  const means = isNamedAfterHost
    ? remedies.fixHostname()
    : copyFirst(place, target, name, before.service.definition.image);
  return whatLeadsThere(facts, place, target, paths).map((change) =>
    leftBehind(facts, place, { code: "DF101", text, ...change }, [means]),
  );
}

/** The properties that lead to the other place, with their old and new values. */
function whatLeadsThere(
  { course, changes }: ServiceFacts,
  place: DataPlace,
  target: DataPlace,
  { isNamedAfterHost, isMount, elsewhere }: { isNamedAfterHost: boolean; isMount: boolean; elsewhere: string },
): readonly { readonly path: string; readonly before?: string; readonly after?: string }[] {
  const [was, is] = [place, target].map(({ at, mountedAt }) => (isMount ? (mountedAt ?? at) : at));
  const about = changes.filter((change) =>
    [was, is].some((property) => property !== undefined && change.path.startsWith(property)),
  );
  if (about.length > 0) return about;
  if (isNamedAfterHost && course.kind === "exchanged")
    return [{ path: course.after.service.definition.paths.hostname }];
  return [{ path: is ?? target.at, before: placeWords(place), after: elsewhere }];
}
