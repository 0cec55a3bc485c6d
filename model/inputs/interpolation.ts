import { unknownPart } from "./field.ts";

/** Looks up a variable of a stack file; `undefined` when nobody set it. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Replaces the variables in one value of a stack file.
 *
 * Docker puts nothing where an unset variable without a default stands; here its name stands there between two {@link unknownPart},
 * because what the file will mean where it is deployed is not known.
 *
 * @param isHidden - says by a variable's name that its value must not be read here: it then stands as one that nobody set
 * @see https://docs.docker.com/reference/compose-file/interpolation/
 */
export function interpolate(
  text: string,
  variables: Variables,
  isHidden: (name: string) => boolean = () => false,
): string {
  if (!text.includes("$")) return text;
  let result = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const plain = /^(?:[^$]+|\$\$)/.exec(rest)?.[0];
    if (plain !== undefined) {
      result += plain === "$$" ? "$" : plain;
      at += plain.length;
      continue;
    }
    const name = /^\$(?<name>[A-Za-z_]\w*)/.exec(rest);
    const end = rest.startsWith("${") ? closingBrace(rest) : undefined;
    if (name !== null) {
      result += valueOf(name.groups?.["name"] ?? "", variables, isHidden) ?? unknown(name.groups?.["name"]);
      at += name[0].length;
    } else if (end !== undefined) {
      result += braced(rest.slice(2, end), variables, isHidden);
      at += end + 1;
    } else {
      result += "$";
      at += 1;
    }
  }
  return result;
}

/** Told apart by the variable: two values with the same one are the same, whatever it will be. */
function unknown(name = ""): string {
  return `${unknownPart}${name}${unknownPart}`;
}

function valueOf(name: string, variables: Variables, isHidden: (name: string) => boolean): string | undefined {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return value !== undefined && value !== "" && isHidden(name) ? unknown(name) : value;
}

/** Where the brace that opens at index 1 is closed; `undefined` when it never is. */
function closingBrace(text: string): number | undefined {
  let depth = 0;
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return undefined;
}

/** The inside of `${…}`: a name, and maybe `:-default`, `-default`, `:?message`, `?message`, `:+other` or `+other`. */
function braced(inside: string, variables: Variables, isHidden: (name: string) => boolean): string {
  const match = /^(?<name>[A-Za-z_]\w*)(?:(?<operator>:?[-?+])(?<other>.*))?$/s.exec(inside);
  if (match === null) return unknown(inside);
  const { name = "", operator, other = "" } = match.groups ?? {};
  const value = valueOf(name, variables, isHidden);
  const isSet = value !== undefined && !(operator?.startsWith(":") === true && value === "");
  switch (operator?.at(-1)) {
    case "-":
      return isSet ? value : interpolate(other, variables, isHidden);
    case "+":
      // Whether the variable is set where the file is deployed is not known.
      return isSet ? interpolate(other, variables, isHidden) : unknown(name);
    default:
      return isSet ? value : unknown(name);
  }
}
