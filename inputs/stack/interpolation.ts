import { unknownPart } from "../fields/field.ts";

/** Looks up a variable of a stack file; `undefined` when it is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Replaces the variables in one value of a stack file.
 *
 * Docker replaces an unset variable without a default with nothing; here it becomes its name between two {@link unknownPart},
 * because its value at deployment is not known.
 *
 * @param isHidden - whether the value of a variable of this name must not be read here; it is then treated as unset
 * @see https://docs.docker.com/reference/compose-file/interpolation/
 */
export function interpolate(
  text: string,
  variables: Variables,
  isHidden: (name: string) => boolean = () => false,
): string {
  return replaced(text, { variables, isHidden }, 0);
}

/** How deeply defaults may be nested; beyond that, a variable's value is not known. */
const deepest = 30;

interface Lookup {
  readonly variables: Variables;
  readonly isHidden: (name: string) => boolean;
}

function replaced(text: string, lookup: Lookup, depth: number): string {
  if (!text.includes("$")) return text;
  const closing = closingBraces(text);
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
    const end = rest.startsWith("${") ? closing.get(at + 1) : undefined;
    if (name !== null) {
      result += valueOf(name.groups?.["name"] ?? "", lookup) ?? unknown(name.groups?.["name"]);
      at += name[0].length;
    } else if (end !== undefined) {
      result += braced(text.slice(at + 2, end), lookup, depth);
      at = end + 1;
    } else {
      result += "$";
      at += 1;
    }
  }
  return result;
}

/** Identified by the variable: two values with the same variable are equal, whatever its value will be. */
function unknown(name = ""): string {
  return `${unknownPart}${name}${unknownPart}`;
}

function valueOf(name: string, { variables, isHidden }: Lookup): string | undefined {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return value !== undefined && value !== "" && isHidden(name) ? unknown(name) : value;
}

/** Where each brace that is opened is closed; looked for once, for otherwise each that never is would be looked for to the end. */
function closingBraces(text: string): ReadonlyMap<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(at);
    const start = text[at] === "}" ? open.pop() : undefined;
    if (start !== undefined) closing.set(start, at);
  }
  return closing;
}

/** The inside of `${…}`: a name, and maybe `:-default`, `-default`, `:?message`, `?message`, `:+other` or `+other`. */
function braced(inside: string, lookup: Lookup, depth: number): string {
  const match = /^(?<name>[A-Za-z_]\w*)(?:(?<operator>:?[-?+])(?<other>.*))?$/s.exec(inside);
  if (match === null || depth === deepest) return unknown(match?.groups?.["name"] ?? inside);
  const { name = "", operator, other = "" } = match.groups ?? {};
  const value = valueOf(name, lookup);
  const isSet = value !== undefined && !(operator?.startsWith(":") === true && value === "");
  switch (operator?.at(-1)) {
    case "-":
      return isSet ? value : replaced(other, lookup, depth + 1);
    case "+":
      // Whether the variable is set where the file is deployed is not known.
      return isSet ? replaced(other, lookup, depth + 1) : unknown(name);
    default:
      return isSet ? value : unknown(name);
  }
}
