import { isKnown, labelOf, type ServiceDefinition } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";
import type { Subject } from "../subject.ts";

export const noBackupDeclared: Rule = {
  id: "SS601",
  name: "no-backup-declared",
  level: "warning",
  reason: "A local volume is only as safe as its one disk, and a backup that is not declared is usually not made.",
  fix: `Declare a backup (docs/backup.md) or a service that makes it, or waive it with the label ${serviceLabels.backup}: none, a colon, and the reason.`,
  check(subject) {
    const { service, keepsState } = subject;
    if (keepsState !== true) return notApplicable;
    const label = labelOf(service, serviceLabels.backup);
    const path = service.paths.labels;
    if (!isKnown(label)) return unverifiable(path, "Whether a backup is declared is not known yet.");
    if (label === undefined || label.trim() === "") {
      return isBackedUp(subject) ? pass : fail(path, `There is no label ${serviceLabels.backup}.`);
    }
    if (/^none\b/i.test(label.trim())) {
      return /^none\s*:\s*\S/i.test(label.trim())
        ? pass
        : fail(path, `The label ${serviceLabels.backup} waives the backup without a reason.`);
    }
    return isBackedUp(subject)
      ? pass
      : fail(path, `The label ${serviceLabels.backup} describes a backup, but nothing here makes it.`);
  },
};

/** A service that is called a backup and mounts the same volume makes one, and so does the one that a component has made for it. */
function isBackedUp({ service, index, dataVolumes }: Subject): boolean {
  if (labelOf(service, serviceLabels.backupBy) !== undefined) return true;
  const isBackup = ({ image }: ServiceDefinition): boolean =>
    isKnown(image.repository) &&
    /(?:^|[-_/.])(?:backup|backups|restic|borg|borgmatic|duplicati|kopia|volumerize)(?:$|[-_/.])/i.test(
      image.repository,
    );
  return dataVolumes.some(({ label }) => index.findUse(label, (use) => isBackup(use.service)) !== undefined);
}
