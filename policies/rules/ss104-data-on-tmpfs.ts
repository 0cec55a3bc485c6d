import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, type Rule } from "../rule.ts";
import { pathWords } from "../subject.ts";

export const dataOnTmpfs: Rule = {
  id: "SS104",
  name: "data-on-tmpfs",
  level: "error",
  reason: "A tmpfs is memory: what is written there is gone when the task stops.",
  fix: "Mount a named volume in its place.",
  check({ sites, dataVolumes }) {
    if (sites.length === 0) return notApplicable;
    return sites.map(({ path, covering }) => {
      if (covering.kind === "not known") return notApplicable;
      if (covering.kind === "tmpfs") return fail(covering.mount.path, `The data path ${pathWords(path)} is a tmpfs.`);
      if (covering.kind !== "volume") return pass;
      const volume = dataVolumes.find(({ mount }) => mount === covering.mount);
      if (volume?.storage !== "memory") return pass;
      return fail(
        covering.mount.path,
        `The volume ${quoted(volume.label)} at the data path ${pathWords(path)} is a tmpfs by its options.`,
        {
          fix: "Take type=tmpfs out of the volume's options, under another name.",
        },
      );
    });
  },
};
