const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Writes a number of bytes for people, with at most one digit after the point: `1.5 GiB`. */
export function byteWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const count = bytes / 1024 ** power;
  return `${Number(count.toFixed(1))} ${units[power] ?? "B"}`;
}
