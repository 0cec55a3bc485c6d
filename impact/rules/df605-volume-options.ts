import { isKnown, type Mount, type VolumeOptions } from "../../model/service/definition.ts";
import { sameOptions } from "../../model/storage/volume-storage.ts";
import { rule } from "../rule.ts";

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
    return [{ code: "DF605", fate: "note", text } as const];
  });
});

function asksForOthers(old: Mount, { volumeOptions: asked }: Mount): boolean {
  if (asked === undefined) return false;
  const had = old.volumeOptions ?? noOptions;
  return isKnown(had) && isKnown(asked) ? sameOptions(had, asked) === false : had !== asked;
}

const noOptions: VolumeOptions = { driver: undefined, driverOptions: {}, labels: {} };
