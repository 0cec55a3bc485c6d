/** The label of the containers by which volumes are reached, with the volume's name; one that is left was left by a run that was killed. */
export const helperLabel = "holdfast.rescue";

/** Labels of what a service is given, such as its configurations. */
export const objectLabels = {
  /** SHA-256 of the content, in hexadecimal digits. */
  digest: "holdfast.sha256",
} as const;
