/** The key that a companion of a backup writes the time into, to find it again in what it delivers. */
export const canaryKey = "holdfast:canary";
