import { InputError } from "../../text/input-error.ts";

/** Fewest characters of a password that cannot be found by trying. */
const leastPasswordLength = 16;

/**
 * Checks a password.
 *
 * @param path - where it stands, for the error
 * @throws InputError when it is empty, or holds what does not get through files and terminals; it shows no part of it
 */
export function requirePassword(password: string, path: string): string {
  // What is written by hand into a file ends with a line break that nobody meant.
  if (password !== "" && !/\p{Cc}/u.test(password)) return password;
  throw new InputError({
    path,
    expected: "a password in one line",
    got: password === "" ? "an empty one" : "one with a line break, or another control character, in it",
    fix: "Set it again without, for example by `printf %s` in place of `echo`",
  });
}

/** Says that a password is short; undefined for one that is long enough. */
export function shortPassword(password: string, path: string): InputError | undefined {
  if (password.length >= leastPasswordLength) return undefined;
  return new InputError({
    path,
    expected: `at least ${leastPasswordLength} characters`,
    got: `${password.length}`,
    fix: "Choose a longer one: nothing keeps those who reach the port from trying",
  });
}
