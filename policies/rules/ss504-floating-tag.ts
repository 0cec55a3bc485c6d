import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { isStore } from "../subject.ts";

export const floatingTag: Rule = {
  id: "SS504",
  name: "floating-tag",
  level: "warning",
  reason:
    "A tag can point to another image tomorrow, one that reads the data differently; under Pulumi, the second up of an unchanged program also restarts the service.",
  fix: "Add the digest: name:tag@sha256:….",
  check(subject) {
    const { image, paths } = subject.service;
    if (!isStore(subject)) return notApplicable;
    if (!isKnown(image.digest))
      return unverifiable(paths.image, "Whether the image is given by digest is not known yet.");
    if (image.digest !== undefined) return pass;
    const name = isKnown(image.repository) ? quoted(image.repository) : "The image";
    return fail(paths.image, `${name} is given by tag, without a digest.`);
  },
};
