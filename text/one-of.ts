import { InputError, showValue } from "./input-error.ts";

/**
 * Reads one of a few words.
 *
 * @param choices - the words, as an object whose values they are
 * @returns the reader; it takes the word and its path, and throws an InputError that lists the choices
 */
export function oneOf<Choice extends string>(choices: Record<string, Choice>) {
  return (text: string, path: string): Choice => {
    const choice = Object.values(choices).find((each) => each === text);
    if (choice !== undefined) return choice;
    throw new InputError({
      path,
      expected: `one of ${Object.values(choices).join(", ")}`,
      got: showValue(text),
      fix: "Choose one of them",
    });
  };
}
