import { InputError, showValue } from "./input-error.ts";

/**
 * Checks a TCP port.
 *
 * @param path - the port's path, for the error
 * @throws InputError when it is no whole number from 1 to 65535
 */
export function requirePort(port: number, path: string): number {
  return requireWhole(port, 1, 65535, path);
}

/** Reads a TCP port; see {@link requirePort}. */
export function parsePort(text: string, path: string): number {
  return parseWhole(text, 1, 65535, path);
}

/** Reads a whole number; see {@link requireWhole}. */
export function parseWhole(text: string, least: number, most: number, path: string): number {
  if (/^\d+$/u.test(text)) return requireWhole(Number(text), least, most, path);
  throw notWhole(text, least, most, path);
}

/**
 * Checks a whole number.
 *
 * @param path - the number's path, for the error
 * @throws InputError when it is not whole, or outside `least` to `most`
 */
export function requireWhole(value: number, least: number, most: number, path: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw notWhole(value, least, most, path);
}

function notWhole(value: unknown, least: number, most: number, path: string): InputError {
  return new InputError({
    path,
    expected: `a whole number from ${least} to ${most}`,
    got: showValue(value),
    fix: "Change the value",
  });
}
