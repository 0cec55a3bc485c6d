import { InputError, showValue } from "./input-error.ts";

const millisecondsPerUnit = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

type Unit = keyof typeof millisecondsPerUnit;

/**
 * Reads a duration as Docker writes it: `30s`, `500ms`, `1m30s`, `1.5h`, `0s`.
 *
 * @param text - what a person wrote
 * @param path - its path, for the error
 * @returns milliseconds, a whole number
 * @throws InputError when `text` is no duration, or finer than a millisecond
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string, path: string): number {
  const whole = text.trim();
  const isDuration = /^(?:\d+(?:\.\d+)?(?:ms|[hms]))+$/u.test(whole);
  const parts = isDuration ? whole.split(/(?<=[hms])(?=\d)/u) : [];
  const exact = parts.reduce(
    // What is left of a part without its number is one of the units: the expression lets nothing else through.
    (sum, part) => sum + Number.parseFloat(part) * millisecondsPerUnit[part.replace(/[\d.]+/u, "") as Unit],
    0,
  );
  const milliseconds = Math.round(exact);
  const isWhole = Math.abs(exact - milliseconds) < 1e-6 && Number.isSafeInteger(milliseconds);
  if (!isDuration || !isWhole) {
    throw new InputError({
      path,
      expected: "a duration such as 30s, 1m30s or 500ms",
      got: showValue(text),
      fix: "Write numbers with the units h, m, s or ms",
    });
  }
  return milliseconds;
}

/** The same for a text that may be something else: undefined where it is no duration. */
export function durationIn(text: string): number | undefined {
  try {
    return parseDuration(text, "");
  } catch {
    return undefined;
  }
}

/**
 * Writes a duration in the one form that the Docker provider reads back (`1m`, not `60s` or `1m0s`), so that an unchanged
 * program plans nothing.
 *
 * @see https://github.com/kreuzwerker/terraform-provider-docker/blob/master/internal/provider/resource_docker_service_structures.go (`shortDur`)
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / millisecondsPerUnit.h);
  const minutes = Math.floor((milliseconds % millisecondsPerUnit.h) / millisecondsPerUnit.m);
  const seconds = (milliseconds % millisecondsPerUnit.m) / millisecondsPerUnit.s;
  const tail = seconds > 0 ? `${seconds}s` : "";
  if (hours > 0) return `${hours}h${minutes > 0 || tail !== "" ? `${minutes}m` : ""}${tail}`;
  return minutes > 0 ? `${minutes}m${tail}` : tail;
}
