import { InputError, showValue } from "./input-error.ts";

/**
 * Checks a text against a pattern.
 *
 * @returns the check; it takes the text and where it is, gives it back, and throws an InputError for one that does not match
 */
export function matching(pattern: RegExp, mistake: { expected: string; fix: string }) {
  return (text: string, path: string): string => {
    if (pattern.test(text)) return text;
    throw new InputError({ path, got: showValue(text), ...mistake });
  };
}
