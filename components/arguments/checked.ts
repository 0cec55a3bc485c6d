import * as pulumi from "@pulumi/pulumi";
import { InputError } from "../../text/input-error.ts";

/**
 * Runs a check at the border of the program; Pulumi shows a `RunError` as one line, any other error with its stack.
 *
 * @throws pulumi.RunError with the message of the InputError that `check` throws
 */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof InputError) throw new pulumi.RunError(error.message, { cause: error });
    throw error;
  }
}
