import { isKnown, labelOf, type ServiceDefinition } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import type { Subject } from "../subject.ts";

export const noBackupDeclared: Rule = {
  id: "SS601",
  name: "no-backup-declared",
  level: "warning",
  reason: "A local volume is only as safe as its one disk, and a backup that is not declared is usually not made.",
  fix: `Say with the label ${serviceLabels.backup} how the data is backed up, or waive it: none, a colon, and the reason.`,
  check(subject) {
    const { service, keepsState } = subject;
    if (keepsState !== true) return notApplicable;
    const label = labelOf(service, serviceLabels.backup);
    const path = service.paths.labels;
    if (!isKnown(label)) return unverifiable(path, "Whether a backup is declared is not known yet.");
    if (label === undefined || label.trim() === "") {
      return isBackedUp(subject) ? pass : fail(path, `There is no label ${serviceLabels.backup}.`);
    }
    return /^none\b(?!\s*:\s*\S)/i.test(label.trim())
      ? fail(path, `The label ${serviceLabels.backup} waives the backup without a reason.`)
      : pass;
  },
};

/** A service that is called a backup and mounts the same volume makes one. */
function isBackedUp({ index, dataVolumes }: Subject): boolean {
  const isBackup = ({ image }: ServiceDefinition): boolean =>
    isKnown(image.repository) &&
    /(?:^|[-_/.])(?:backup|backups|restic|borg|borgmatic|duplicati|kopia|volumerize)(?:$|[-_/.])/i.test(
      image.repository,
    );
  return dataVolumes.some(({ label }) => index.findUse(label, (use) => isBackup(use.service)) !== undefined);
}
