import { isKnown, type VolumeDefinition } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, type Answer, type Rule } from "../rule.ts";

export const volumeUnprotected: Rule = {
  id: "SS401",
  name: "volume-unprotected",
  level: "error",
  reason:
    "Almost any change to a volume resource replaces it, and removing it from the program deletes it along with the data.",
  fix: "Give the volume resource the options protect: true and retainOnDelete: true.",
  check({ dataVolumes, index }) {
    const resources = dataVolumes
      .flatMap(({ label }) => index.volumesNamed(label))
      .filter(({ origin }) => origin === "pulumi");
    return resources.length === 0 ? notApplicable : resources.map(checkVolume);
  },
};

/** A pack cannot see retainOnDelete, so it does not judge by it. */
function checkVolume({ path, name, protect, retainOnDelete }: VolumeDefinition): Answer {
  const missing = [...(protect === false ? ["protect"] : []), ...(retainOnDelete === false ? ["retainOnDelete"] : [])];
  if (missing.length === 0) return pass;
  const label = quoted(isKnown(name) ? name : path);
  // Either one keeps the data, until it is removed to get a change through.
  const isKept = protect === true || retainOnDelete === true;
  return fail(
    `${path}.${missing[0] ?? ""}`,
    protect === true
      ? `The data volume ${label} is kept only by protect, which a run with --ignore-protect (Pulumi 3.256 and later) ignores; retainOnDelete is missing.`
      : `The data volume ${label} is a resource without ${missing.join(" and ")}.`,
    isKept ? { level: "warning" } : {},
  );
}
