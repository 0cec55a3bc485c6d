import { parseDuration } from "./duration.ts";
import { InputError, showValue } from "./input-error.ts";

/**
 * Reads a moment of the past as a person writes it: RFC 3339 (`2026-11-30T21:45:53Z`), a time of today on this machine's clock
 * (`21:45:53` or `21:45`), or how long ago (`5m ago`, `1h30m ago`).
 *
 * @param now - the present moment
 * @param path - its path, for the error
 * @returns seconds since 1970, whole
 * @throws InputError when it is none of these, or has no zone, or has not come yet
 */
export function parseMoment(text: string, now: Date, path: string): number {
  const seconds = readMoment(text.trim(), now, path);
  if (seconds === undefined) {
    throw new InputError({
      path,
      expected: "a time such as 2026-11-30T21:45:53Z, 21:45:53 for today, or 5m ago",
      got: showValue(text),
      fix: "Write one of these; a date needs its time and its zone",
    });
  }
  if (seconds * 1000 <= now.getTime()) return seconds;
  throw new InputError({
    path,
    expected: "a time that is over",
    got: `${showValue(text)}, which is ${momentWords(seconds)}`,
    fix: "Name an earlier one",
  });
}

/** A moment in seconds since 1970 in RFC 3339, in UTC and without a fraction. */
export function momentWords(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

function readMoment(text: string, now: Date, path: string): number | undefined {
  const ago = /^(?<duration>[\d.hms]+) ago$/u.exec(text)?.groups?.["duration"];
  if (ago !== undefined) return Math.floor((now.getTime() - parseDuration(ago, path)) / 1000);
  const today = /^(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d)(?::(?<seconds>[0-5]\d))?$/u.exec(text)?.groups;
  if (today !== undefined) {
    const at = new Date(now);
    at.setHours(Number(today["hours"]), Number(today["minutes"]), Number(today["seconds"] ?? 0), 0);
    return at.getTime() / 1000;
  }
  const isWhole = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/u.test(text);
  const milliseconds = isWhole ? Date.parse(text.replace(" ", "T")) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
