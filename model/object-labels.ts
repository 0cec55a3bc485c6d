/** Labels of what a service is given, such as its configurations. */
export const objectLabels = {
  /** SHA-256 of the content, in hexadecimal digits. */
  digest: "holdfast.sha256",
} as const;
