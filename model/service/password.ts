import { createHmac } from "node:crypto";
import { InputError } from "../../text/input-error.ts";

/** Minimum length of a password that cannot be guessed by brute force. */
const leastPasswordLength = 16;

/**
 * Checks a password.
 *
 * @param path - its path, for the error
 * @throws InputError when it is empty or contains control characters; the error shows no part of it
 */
export function requirePassword(password: string, path: string): string {
  // Control characters include the unintended newline at the end of a hand-written file.
  if (password !== "" && !/\p{Cc}/u.test(password)) return password;
  throw new InputError({
    path,
    expected: "a password in one line",
    got: password === "" ? "an empty one" : "one with a line break, or another control character, in it",
    fix: "Set it again without, for example by `printf %s` in place of `echo`",
  });
}

/** Reports a password that is too short; undefined for one that is long enough. */
export function shortPassword(password: string, path: string): InputError | undefined {
  if (password.length >= leastPasswordLength) return undefined;
  return new InputError({
    path,
    expected: `at least ${leastPasswordLength} characters`,
    got: `${password.length}`,
    fix: "Choose a longer one: nothing keeps those who reach the port from trying",
  });
}

/** The password that a backup signs in to a server with, derived from the server's own, which the backup does not get. */
export function backupPassword(password: string): string {
  return createHmac("sha256", password).update("holdfast: backup").digest("hex");
}
