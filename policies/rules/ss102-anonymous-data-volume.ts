import { fail, notApplicable, pass, type Rule } from "../rule.ts";
import { pathWords } from "../subject.ts";

export const anonymousDataVolume: Rule = {
  id: "SS102",
  name: "anonymous-data-volume",
  level: "error",
  reason: "Each task gets its own anonymous volume, which is removed with its container: the next task starts empty.",
  fix: "Give the volume a name.",
  check({ service, image, sites }) {
    if (sites.length === 0) return notApplicable;
    return sites.map(({ path, covering }) => {
      if (covering.kind === "anonymous") {
        return fail(covering.mount.path, `The mount at the data path ${pathWords(path)} names no volume.`, {
          fix: "Name a volume as the mount's source.",
        });
      }
      // What the catalogue knows, SS101 and SS103 say more precisely.
      if (covering.kind === "image volume" && image === undefined) {
        return fail(
          service.paths.mounts,
          `The image declares the volume ${pathWords(path)}, and no volume with a name is mounted there.`,
          { fix: `Mount a named volume at ${pathWords(path)}.` },
        );
      }
      return covering.kind === "not known" ? notApplicable : pass;
    });
  },
};
