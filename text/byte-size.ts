import { InputError, showValue } from "./input-error.ts";

/** Each is 1024 times the previous one. */
const prefixes = ["", "K", "M", "G", "T", "P"];
const units = prefixes.map((prefix) => (prefix === "" ? "B" : `${prefix}iB`));

/**
 * Reads a size as Docker does: `100M`, `100MB` and `100MiB` are the same 104,857,600 bytes, `1.5GiB` may have a fraction,
 * a number without a unit counts bytes.
 *
 * @param text - what a person wrote
 * @param path - its path, for the error
 * @returns bytes, a whole number
 * @throws InputError when `text` is no size, or one that JavaScript cannot count exactly
 * @see https://github.com/docker/go-units/blob/master/size.go (`RAMInBytes`)
 */
export function parseSize(text: string, path: string): number {
  const match = /^(?<count>\d+(?:\.\d+)?) ?(?:(?<prefix>[kmgtp])i?)?b?$/iu.exec(text.trim());
  const power = prefixes.indexOf((match?.groups?.["prefix"] ?? "").toUpperCase());
  const bytes = Math.floor(Number(match?.groups?.["count"]) * 1024 ** power);
  if (!Number.isSafeInteger(bytes)) {
    throw new InputError({
      path,
      expected: "a size such as 100M, 100MiB or 1.5GiB",
      got: showValue(text),
      fix: "Write a number and one of the units K, M, G, T (1M = 1MiB = 1,048,576 bytes, as in Docker)",
    });
  }
  return bytes;
}

/** The least memory that Docker gives a container (moby daemon/daemon_unix.go, `linuxMinMemory`). */
export const leastContainerBytes = 6 * 1024 ** 2;

/** The least memory that Swarm reserves (swarmkit manager/controlapi/service.go, `validateResources`). */
export const leastReservedBytes = 4 * 1024 ** 2;

/**
 * Reads a size that has to be so large, and takes a small one for what it mostly is: a number without its unit.
 *
 * @throws InputError when `text` is no size, or a smaller one
 */
export function parseSizeFrom(leastBytes: number, text: string, path: string): number {
  const fix = /^\d+$/u.test(text) ? `Did you mean ${text}M?` : undefined;
  return requireSize(leastBytes, parseSize(text, path), path, fix);
}

/**
 * Checks that a number of bytes is so large, and gives it.
 *
 * @throws InputError when it is smaller
 */
export function requireSize(leastBytes: number, bytes: number, path: string, fix = "Raise it"): number {
  if (bytes >= leastBytes) return bytes;
  throw new InputError({ path, expected: `at least ${formatSize(leastBytes)}`, got: formatSize(bytes), fix });
}

/** Writes a number of bytes in the largest unit that keeps it exact: `300MiB`, `1536MiB`, `1000B`. */
export function formatSize(bytes: number): string {
  const power = units.findLastIndex((_, each) => bytes >= 1024 ** each && bytes % 1024 ** each === 0);
  return `${bytes / 1024 ** Math.max(power, 0)}${units[Math.max(power, 0)] ?? "B"}`;
}

/** Writes a number of bytes for people, with at most one digit after the point: `1.5 GiB`. */
export function byteWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const count = bytes / 1024 ** power;
  return `${Number(count.toFixed(1))} ${units[power] ?? "B"}`;
}
