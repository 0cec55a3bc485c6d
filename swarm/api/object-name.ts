import { InputError, showValue } from "../../text/input-error.ts";

/** A part of what Docker's objects are called by: ids, names; a volume of a plugin may have several, with `/` between. */
const part = /^\w[\w.:@-]*$/u;

/**
 * Checks an id or a name before it becomes part of a request's path: `../info` would ask for something else. It comes from a
 * state, which may be damaged or foreign, or from a program.
 *
 * @param kind - such as `service`
 * @param option - of the command line that gave it, for the error
 * @throws InputError
 */
export function requireObjectName(kind: string, idOrName: string, option?: string): string {
  const parts = kind === "volume" ? idOrName.split("/") : [idOrName];
  if (idOrName.length <= 512 && parts.every((each) => part.test(each))) return idOrName;
  throw new InputError({
    path: option ?? kind,
    expected: "an id or a name as Docker has them: letters, digits, _, . and -",
    got: showValue(idOrName),
    fix: option
      ? `Give the name of a ${kind}`
      : "Correct it; where the program gives none, the state is damaged: restore it from a backup",
  });
}
