import { mayBeSecret } from "../../text/secret-names.ts";

/** Makes a text safe to show. */
export type Redact = (text: string) => string;

/** What replaces a secret. */
const mask = "[secret]";

/** Shorter ones would mask half of every text and are no secret worth the name. */
const shortestWord = 4;

/**
 * A filter that masks secret values in what a container has printed.
 *
 * A program may print a part of what it was given (Redis prints the line of its configuration that it does not
 * understand), so every line and every word of a value is masked too, also where it is a part of something in base64, such as
 * `user:password`; masking too much does no harm here.
 */
export function redactor(values: Iterable<string>): Redact {
  const parts = new Set<string>();
  for (const value of values) {
    for (const part of [value.trim(), ...value.split("\n").map((line) => line.trim()), ...value.split(/[\s"'=]+/)]) {
      if (part.length < shortestWord) continue;
      for (const form of [part, ...base64Forms(part)]) parts.add(form);
    }
  }
  const longestFirst = [...parts].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((masked, part) => masked.replaceAll(part, mask), text);
}

/** What a container may print and must not be shown: values of its environment, and what follows a word such as `--requirepass`. */
export function secretsOfContainer({
  Env,
  Args,
}: {
  Env?: readonly string[] | null | undefined;
  Args?: readonly string[] | null | undefined;
}): string[] {
  const given = Args ?? [];
  return [
    ...(Env ?? []).filter(mayBeSecret).map((variable) => variable.slice(variable.indexOf("=") + 1)),
    ...given.filter((_, index) => /pass|auth|secret|token/i.test(given[index - 1] ?? "")),
  ];
}

/** A text in base64: by itself, and as a part of a longer text; in both alphabets. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const within = [0, 1, 2].map((offset) => {
    const wholeCharacters = Math.floor(((offset + bytes.length) * 8) / 6);
    // The first characters hold bits of the text before, the last one may hold bits of the text after.
    return Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .slice(Math.ceil((offset * 8) / 6), wholeCharacters);
  });
  return [bytes.toString("base64"), ...within].flatMap((form) => [
    form,
    form.replaceAll("+", "-").replaceAll("/", "_"),
  ]);
}
