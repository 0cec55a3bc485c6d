/** Labels that state what a service definition cannot; the same in stack files and programs. */
export const serviceLabels = {
  /** Names the catalogue entry for a renamed image: `redis`. */
  image: "holdfast.image",
  /** `cache`: what it stores may be lost at any time. */
  store: "holdfast.store",
  /** How it is backed up, in free text, or a waiver with a reason: `none: can be computed again`. */
  backup: "holdfast.backup",
  /** Which service makes the backup of this one. */
  backupBy: "holdfast.backup.by",
  /** On a backup companion created by a component: the service that it backs up. */
  backupOf: "holdfast.backup.of",
  /** On the service that restores a backup on a schedule: the service whose backup it is. */
  drillOf: "holdfast.backup.drill-of",
  /** On a backup companion: how often the backup is drilled, `24h`. */
  drill: "holdfast.backup.drill",
  /** On a backup companion: where a copy of the repository's password is kept outside of the swarm, in words. */
  passwordCopy: "holdfast.backup.password-copy",
  /** How old a proved state of the backup may be so that a plan may lose the data without another acceptance: `24h`. */
  verifiedWithin: "holdfast.backup.verified-within",
  /** How much data it has: `2GiB`. */
  dataset: "holdfast.dataset",
  /** Why several nodes or services may use the same data: `GlusterFS on every node`. */
  shared: "holdfast.shared",
  /** Until when an unmarked volume may get the store's mark: `2026-11-23T12:00:00Z`. */
  firstStart: "holdfast.first-start",
  /** Switches a rule off for a while: `SS201 until 2027-03-01: reason`. */
  ignore: "holdfast.ignore",
} as const;
