import { differences } from "../../model/plan/task-template.ts";
import { durabilityGivenUp } from "../../model/redis/durability.ts";
import { isKnown, type Mount, type VolumeOptions } from "../../model/service/definition.ts";
import { belongsToTask } from "../../model/storage/data-location.ts";
import { sameOptions } from "../../model/storage/volume-storage.ts";
import { note, rule } from "../rule.ts";

/** What will cost data at a later change. */
export const laterLoss = rule(
  {
    DF601: "The data path becomes read-only",
    DF602: "From then on a stop loses data",
    DF603: "From then on every replacement starts empty",
    DF607: "Fewer writes survive a crash",
  },
  ({ before, course, laterStopLoss }) => {
    if (course.kind !== "exchanged") return [];
    const { places } = course.after.keeper;
    const isReadOnly = places.some((place) => place.readOnly === true);
    const readOnly = "The data path becomes read-only: the server reads its data and cannot save any more.";
    const [was, is] = [before.redis, course.after.redis];
    const givenUp = places.length === 0 ? undefined : was && is && durabilityGivenUp(was, is);
    const startsEmpty = course.cannotStart === undefined && places.some(belongsToTask);
    const empty =
      "From then on every replacement of the task starts empty: nothing persistent is mounted at the data path.";
    return [
      ...(isReadOnly ? [note("DF601", readOnly)] : []),
      ...(laterStopLoss === undefined ? [] : [note("DF602", `From then on a stop loses data: ${laterStopLoss}.`)]),
      ...(givenUp === undefined ? [] : [note("DF607", givenUp)]),
      ...(startsEmpty ? [note("DF603", empty)] : []),
    ];
  },
);

/** Another user on the old one's files. */
export const user = rule({ DF604: "The user changes" }, ({ before, course }) => {
  if (course.kind !== "exchanged") return [];
  const [was, is] = [before.service.definition.user, course.after.service.definition.user];
  if (!isKnown(was) || !isKnown(is) || (was ?? "") === (is ?? "")) return [];
  const text =
    "The user changes: it must be allowed to write the files of the old one, or the server cannot save any more.";
  return [note("DF604", text)];
});

/** Options of a volume that exists. */
export const volumeOptions = rule({ DF605: "Volume options have no effect" }, ({ before, course, location }) => {
  // On another node the volume may not exist yet.
  if (course.kind !== "exchanged" || location?.move.kind === "moves") return [];
  const [{ mounts: was }, { mounts: is }] = [before.service.definition, course.after.service.definition];
  if (!isKnown(was) || !isKnown(is)) return [];
  return is.flatMap((mount) => {
    const old = was.find(({ source, target }) => source === mount.source && target === mount.target);
    if (old === undefined || !isKnown(mount.source) || (mount.source ?? "") === "" || !asksForOthers(old, mount))
      return [];
    const text = `The options of volume "${mount.source ?? ""}" have no effect: it exists already, and Docker takes it as it is.`;
    return [note("DF605", text)];
  });
});

function asksForOthers(old: Mount, { volumeOptions: asked }: Mount): boolean {
  if (asked === undefined) return false;
  const had = old.volumeOptions ?? noOptions;
  return isKnown(had) && isKnown(asked) ? sameOptions(had, asked) === false : had !== asked;
}

const noOptions: VolumeOptions = { driver: undefined, driverOptions: {}, labels: {} };

/** Another entrypoint in front of Redis. */
export const entrypoint = rule({ DF606: "The entrypoint changes" }, ({ before, course }) => {
  if (course.kind !== "exchanged" || before.keeper.redis === undefined) return [];
  const [was, is] = [before.service.definition.command, course.after.service.definition.command];
  if (differences(was, is, "").length === 0) return [];
  return [note("DF606", "The entrypoint changes; it is taken to start the same server.")];
});
