import { isKnown, type Known } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { mayShare, type Subject } from "../subject.ts";

export const startFirstOnData: Rule = {
  id: "SS304",
  name: "start-first-on-data",
  level: "error",
  reason: "With start-first the new task runs before the old one has stopped: two servers write one volume.",
  fix: "Set the order to stop-first.",
  check(subject) {
    const { service, dataVolumes } = subject;
    if (dataVolumes.length === 0 || mayShare(subject)) return notApplicable;
    return [
      checkOrder(subject, "update", service.updateOrder, service.paths.updateOrder),
      checkOrder(subject, "rollback", service.rollbackOrder, service.paths.rollbackOrder),
    ];
  },
};

function checkOrder({ dataVolumes }: Subject, kind: string, order: Known<string | undefined>, path: string): Answer {
  if (!isKnown(order)) return unverifiable(path, `The ${kind} order of a service with data is not known yet.`);
  if (order !== "start-first") return pass;
  const volume = dataVolumes.find(({ isCertain }) => isCertain);
  if (volume === undefined)
    return unverifiable(
      path,
      `The ${kind} order is start-first; whether this image allows two writers on its volume is not known.`,
    );
  return fail(path, `The ${kind} order is start-first, and the data is on ${quoted(volume.label)}.`);
}
