import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { entryOf, pathWords, titleOf, type Subject } from "../subject.ts";

export const dataPathUnmounted: Rule = {
  id: "SS101",
  name: "data-path-unmounted",
  level: "error",
  reason:
    "Swarm replaces a task at almost every update, and what is in the old container or its anonymous volumes is lost with it.",
  fix: "Mount a named volume at the data path.",
  yieldsTo: ["SS103", "SS403"],
  check(subject) {
    const { service, image, isCache, keepsState, sites } = subject;
    if (!isKnown(image)) {
      return unverifiable(
        service.paths.image,
        "The image is not known yet, and so neither is where it keeps its data.",
      );
    }
    if (!isKnown(keepsState)) {
      const path = isKnown(isCache) ? service.paths[pathOfState(subject)] : service.paths.labels;
      return unverifiable(path, `Whether ${titleOf(subject)} keeps state here is not known yet.`);
    }
    if (image === undefined || keepsState !== true) return notApplicable;
    return sites.map(({ path, covering, missedBy }) => {
      if (covering.kind === "not known") {
        return unverifiable(
          covering.path,
          `Whether ${titleOf(subject)} writes to a volume is not known: ${covering.why}.`,
        );
      }
      const isOpen = covering.kind === "nothing" || covering.kind === "image volume";
      if (!isOpen || missedBy !== undefined) return pass;
      return fail(
        service.paths.mounts,
        `${titleOf(subject)} keeps its data in ${pathWords(path)}, and nothing is mounted there.`,
        { fix: `Mount a named volume at ${pathWords(path)}.` },
      );
    });
  },
};

/** What decides whether an image keeps state: its variables if it can store it elsewhere, else its arguments. */
function pathOfState(subject: Subject): "environment" | "args" {
  return entryOf(subject)?.stateElsewhere?.variables === undefined ? "args" : "environment";
}
