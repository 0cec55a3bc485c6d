/**
 * A situation in which a command cannot go on although no single value is wrong.
 *
 * The message has one form everywhere: `<What>. <Fix>.` A wrong value is an `InputError`.
 */
export class SituationError extends Error {
  override readonly name = "SituationError";
  /** What is the case: a sentence without its full stop; never a secret. */
  readonly what: string;
  /** What to do about it: an imperative sentence without its full stop. */
  readonly fix: string;

  constructor(situation: { what: string; fix: string }) {
    const { what, fix } = situation;
    super(`${what.trimEnd().replace(/(?<!\.)\.$/u, "")}. ${fix}.`);
    this.what = what;
    this.fix = fix;
  }
}
