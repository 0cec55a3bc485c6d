import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import { mayShare } from "../subject.ts";

export const globalWithData: Rule = {
  id: "SS302",
  name: "global-with-data",
  level: "error",
  reason: "A global service runs a task on every node, each with its own data, and a new node adds another empty one.",
  fix: "Use replicated mode with one replica and a pin.",
  check(subject) {
    const { service, dataVolumes } = subject;
    if (dataVolumes.length === 0) return notApplicable;
    if (!isKnown(service.mode))
      return unverifiable(service.paths.mode, "Whether a service with data is global is not known yet.");
    if (service.mode !== "global" || mayShare(subject)) return pass;
    return dataVolumes.map(({ label, isCertain }) =>
      isCertain
        ? fail(service.paths.mode, `The service is global, and its data is on ${quoted(label)}.`)
        : unverifiable(
            service.paths.mode,
            `The service is global; whether the volume ${quoted(label)} carries data that matters is not known for this image.`,
          ),
    );
  },
};
