/** The label, with the volume's name, of the containers used to reach volumes; a leftover one comes from a killed run. */
export const helperLabel = "holdfast.rescue";

/** Labels of the objects given to a service, such as its configs. */
export const objectLabels = {
  /** SHA-256 of the content, in hexadecimal digits. */
  digest: "holdfast.sha256",
} as const;
