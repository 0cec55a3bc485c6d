import { InputError, showValue } from "../../text/input-error.ts";

/** What Pulumi takes for a stack or a project, but for what would be another folder, or an option of a command. */
const name = /^(?!\.{1,2}$)(?!-)[A-Za-z0-9_.-]{1,100}$/u;

/** The rule, as it reads after "expected". */
export const nameRule =
  "a name of at most 100 letters, digits, -, _ and . that does not begin with - and is neither . nor ..";

/** Whether a text can name a stack or a project: it becomes part of the names of files. */
export function isName(text: string): boolean {
  return name.test(text);
}

/**
 * Checks the name of a stack.
 *
 * @param path - where it was given
 * @throws InputError
 */
export function requireStackName(text: string, path = "stack"): string {
  if (isName(text)) return text;
  const last = text.slice(text.lastIndexOf("/") + 1);
  throw new InputError({
    path,
    expected: nameRule,
    got: showValue(text),
    fix:
      text.includes("/") && isName(last) ? `Leave out the organization and the project: ${last}` : "Choose such a name",
  });
}
