import { isKnown, type Mount } from "../../model/service/definition.ts";
import type { DataSite } from "../../model/storage/data-paths.ts";
import { hostFolder } from "../../model/storage/host-named-folder.ts";
import { differsByTask } from "../../model/storage/mount-template.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { entryOf, pathWords, titleOf, type Subject } from "../subject.ts";

export const mountMissesDataPath: Rule = {
  id: "SS103",
  name: "mount-misses-data-path",
  level: "error",
  reason: "The volume stays empty, and the data goes with the container.",
  fix: "Mount the volume at the data path.",
  yieldsTo: ["SS403"],
  check(subject) {
    if (subject.image === undefined || subject.sites.length === 0) return notApplicable;
    return subject.sites.map((site) => checkSite(subject, site));
  },
};

function checkSite(subject: Subject, { path, decidedBy, covering, missedBy }: DataSite): Answer {
  // SS101 reports an unknown path that nothing moved.
  if (covering.kind === "not known" && decidedBy === undefined) return notApplicable;
  if (covering.kind === "not known") {
    return unverifiable(
      covering.path,
      `Whether a mount covers the data of ${titleOf(subject)} is not known: ${covering.why}.`,
    );
  }
  if (missedBy === undefined) return checkHostname(subject, covering);
  const where =
    decidedBy === undefined ? `${titleOf(subject)} writes to` : `${decidedBy.words} makes ${titleOf(subject)} write to`;
  return fail(
    decidedBy?.path ?? missedBy.path,
    `${nameOf(missedBy)} is mounted at ${pathWords(missedBy.target)}, but ${where} ${pathWords(path)}.`,
    {
      fix: `Mount it at ${pathWords(path)}.`,
    },
  );
}

/** A folder that is called after the host is another one in each task, unless the host's name is given. */
function checkHostname(subject: Subject, covering: DataSite["covering"]): Answer {
  const { paths } = subject.service;
  const fact = entryOf(subject)?.dataPaths[0];
  const unless = fact?.namedAfterHost?.variable ?? "";
  if (covering.kind !== "volume" && covering.kind !== "bind") return pass;
  const folder = hostFolder(subject.service, fact);
  if (!isKnown(folder))
    return unverifiable(paths.environment, `Whether ${unless} names the folder of the data is not known yet.`);
  if (folder === undefined || !differsByTask(folder)) return pass;
  return fail(
    paths.hostname,
    `${titleOf(subject)} names the folder of its data after its host, and each task gets another hostname.`,
    { fix: `Set hostname, or ${unless}.`, level: "warning" },
  );
}

function nameOf({ type, source }: Mount): string {
  const kind = type === "bind" ? "The folder" : "The volume";
  return isKnown(source) ? `${kind} ${quoted(source ?? "")}` : kind;
}
