/** Servers that do not start on the files of another version. */
import { posix } from "node:path";
import type { DataPathFact } from "./catalogue-entry.ts";
import { compareStorage, type DataKeeper, type DataPlace } from "./data-place.ts";
import { majorVersion } from "./image-catalogue.ts";
import type { PlannedService } from "./planned-change.ts";
import { isKnown, notKnown, type Known, type ServiceDefinition } from "./service-definition.ts";
import type { Location } from "./task-location.ts";

/**
 * Why a server of another major version does not start on what it finds, as it reads after "because"; `undefined` when nothing
 * is known to keep it from it.
 */
export function whyRefused(
  before: PlannedService,
  after: PlannedService,
  { before: old, after: next, location }: { before: DataKeeper; after: DataKeeper; location: Location | undefined },
): string | undefined {
  const { entry } = old;
  const [from, to] = [majorVersion(before.definition.image.tag), majorVersion(after.definition.image.tag)];
  if (entry?.refuses === undefined || next.entry !== entry || from === undefined || to === undefined) return undefined;
  if (entry.refuses === "other majors" ? from === to : to - from < 2) return undefined;
  const [place, target] = [old.places[0], next.places[0]];
  if (place === undefined || target === undefined) return undefined;
  const finds =
    compareStorage(place, target, isSameNode(location)) === "same" ||
    (isSameNode(location) === true && looksInto(place, target, after.definition, entry.dataPaths));
  return finds ? `${entry.title} ${to} refuses the files of version ${from}` : undefined;
}

/** Whether the new task has the old files where its image looks for them before it creates new ones. */
function looksInto(
  place: DataPlace,
  target: DataPlace,
  { mounts }: ServiceDefinition,
  facts: readonly DataPathFact[],
): boolean {
  // Another volume may hold files that somebody has carried over.
  const isEmpty = target.kind === "anonymous volume" || target.kind === "container" || target.source === place.source;
  if (!isEmpty || !isKnown(mounts) || !isKnown(target.path)) return false;
  const path = target.path;
  const fact = facts.find((each) => path === each.path.replace("{major}", /\d+/u.exec(path)?.[0] ?? ""));
  if (fact?.looksFirstInto === undefined || place.source === undefined) return false;
  const pattern = new RegExp(fact.looksFirstInto, "u");
  return mounts.some(
    (mount) =>
      isKnown(mount.target) && mount.source === place.source && pattern.test(posix.join(mount.target, place.within)),
  );
}

/** Whether the new task starts on the node of the old one. */
export function isSameNode(location: Location | undefined): Known<boolean> {
  switch (location?.move.kind) {
    case undefined:
    case "stays":
    case "nowhere":
      return true;
    case "moves":
      return false;
    case "may move":
    case "not known":
      return notKnown;
  }
}
