/**
 * A mistake in something that a person gave: a setting, an argument, a file, a flag.
 *
 * The message has one form everywhere: `<path>: expected <rule>, got <value>. <Fix>.`
 */
export class InputError extends Error {
  override readonly name = "InputError";
  /** Where the value is: a setting's key, an argument's path, a file and line, or a command-line option. */
  readonly path: string;
  /** The rule that the value breaks, as it reads after "expected". */
  readonly expected: string;
  /** What was given, as it reads after "got"; never a secret. */
  readonly got: string;
  /** What to do about it: one imperative sentence without its full stop, or a question. */
  readonly fix: string;

  constructor(mistake: { path: string; expected: string; got: string; fix: string }) {
    const { path, expected } = mistake;
    // Words of Docker's, a registry's or a program's end as they like.
    const [got, fix] = [withoutFullStop(mistake.got), withoutFullStop(mistake.fix)];
    super(`${path}: expected ${expected}, got ${got}. ${fix}${fix.endsWith("?") ? "" : "."}`);
    this.path = path;
    this.expected = expected;
    this.got = got;
    this.fix = fix;
  }
}

function withoutFullStop(words: string): string {
  return words.trimEnd().replace(/(?<!\.)\.$/u, "");
}

/** Shows any value in an error message: strings quoted, long or multi-line ones cut, control characters escaped. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
