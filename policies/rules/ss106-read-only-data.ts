import { isKnown } from "../../model/service/definition.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { pathWords } from "../subject.ts";

export const readOnlyData: Rule = {
  id: "SS106",
  name: "read-only-data",
  level: "error",
  reason: "The service cannot write its data: it fails, or keeps it in memory and loses everything when it stops.",
  fix: "Mount the data volume for writing.",
  check({ sites }) {
    if (sites.length === 0) return notApplicable;
    return sites.map(({ path, covering }) => {
      if (covering.kind !== "volume" && covering.kind !== "bind") return notApplicable;
      const { mount } = covering;
      const what = `he mount at the data path ${pathWords(path)} is read-only`;
      if (!isKnown(mount.readOnly)) return unverifiable(mount.path, `Whether t${what} is not known yet.`);
      return mount.readOnly ? fail(mount.path, `T${what}.`) : pass;
    });
  },
};
