/** Makes a text fit to be shown. */
export type Redact = (text: string) => string;

/** What stands where something secret stood. */
const mask = "[secret]";

/** Shorter ones would mask half of every text and are no secret worth the name. */
const shortestWord = 4;

/**
 * A filter that masks secret values in what a container has printed.
 *
 * A program may print a part of what it was given (Redis prints the line of its configuration that it does not
 * understand), so every line and every word of a value is masked too; masking too much does no harm here.
 */
export function redactor(values: Iterable<string>): Redact {
  const parts = new Set<string>();
  for (const value of values) {
    for (const part of [value.trim(), ...value.split("\n").map((line) => line.trim()), ...value.split(/[\s"'=]+/)]) {
      if (part.length >= shortestWord) parts.add(part);
    }
  }
  const longestFirst = [...parts].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((masked, part) => masked.replaceAll(part, mask), text);
}
