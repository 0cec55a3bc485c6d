/** Labels by which a service says what its definition cannot; stack files and programs use the same. */
export const serviceLabels = {
  /** Names the catalogue's entry for an image under another name: `redis`. */
  image: "holdfast.image",
  /** `cache`: what it stores may be lost at any time. */
  store: "holdfast.store",
  /** How it is backed up, in any words, or a waiver with its reason: `none: can be computed again`. */
  backup: "holdfast.backup",
  /** On the companion that a component makes for a backup: the service that it backs up. */
  backupOf: "holdfast.backup.of",
  /** How much data it holds: `2GiB`. */
  dataset: "holdfast.dataset",
  /** Why several nodes or services may use the same data: `GlusterFS on every node`. */
  shared: "holdfast.shared",
  /** Until when the store's mark may be set on a volume that has none: `2026-11-23T12:00:00Z`. */
  firstStart: "holdfast.first-start",
  /** Switches a rule off for a while: `SS201 until 2027-03-01: reason`. */
  ignore: "holdfast.ignore",
} as const;
