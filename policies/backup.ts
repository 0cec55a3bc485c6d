import { isKnown, type Mount } from "../model/service/definition.ts";
import { entryOf, type Subject } from "./subject.ts";

/** What the service that backs another one up mounts. */
export interface BackupMounts {
  /** The other one's data, which it only reads. */
  readonly data: readonly Mount[];
  /** What it writes to: the repository, unless that is elsewhere. */
  readonly repositories: readonly Mount[];
}

/** The mounts of Holdfast's service that backs another one up; undefined for any other service, and for mounts that are not known. */
export function backupMounts(subject: Subject): BackupMounts | undefined {
  const { mounts } = subject.service;
  if (entryOf(subject)?.name !== "holdfast-backup" || !isKnown(mounts)) return undefined;
  const stored = mounts.filter(({ type }) => type === "volume" || type === "bind");
  const data = stored.filter(({ readOnly }) => readOnly === true);
  // What restores a backup mounts only room for that.
  if (data.length === 0) return undefined;
  return {
    data,
    repositories: stored.filter(({ readOnly }) => readOnly !== true),
  };
}
