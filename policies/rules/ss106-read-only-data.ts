import { isKnown } from "../../model/service-definition.ts";
import { quoted } from "../../model/plain-text.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const readOnlyData: Rule = {
  id: "SS106",
  name: "read-only-data",
  level: "error",
  reason: "The service cannot write its data: it fails, or goes on in memory and loses everything when it stops.",
  fix: "Mount the data volume for writing.",
  check({ sites }) {
    const mounted = sites.filter(({ covering }) => covering.kind === "volume" || covering.kind === "bind");
    if (mounted.length === 0) return notApplicable;
    return mounted.map(({ path, covering }) => {
      if (!("mount" in covering) || !isKnown(path)) return notApplicable;
      const { mount } = covering;
      if (!isKnown(mount.readOnly))
        return unverifiable(mount.path, `Whether the mount at ${quoted(path)} is read-only is not known yet.`);
      return mount.readOnly ? fail(mount.path, `The mount at the data path ${quoted(path)} is read-only.`) : pass;
    });
  },
};
