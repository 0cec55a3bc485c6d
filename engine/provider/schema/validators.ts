/**
 * The provider's own checks, with its own messages
 * (terraform-provider-docker: internal/provider/validators.go; terraform-plugin-sdk: helper/validation).
 */

/** Checks a known value; answers with what is wrong in the provider's own words, or nothing. */
export type Validator = (value: string | number | boolean) => string | undefined;

/** Text that a pattern describes. */
export const matches =
  (pattern: RegExp): Validator =>
  (value) =>
    pattern.test(String(value)) ? undefined : `'${value}' doesn't match the pattern '${pattern.source}'`;

/** A value of a fixed list (`validation.StringInSlice`). */
export const isOneOf =
  (...values: string[]): Validator =>
  (value) =>
    values.includes(String(value))
      ? undefined
      : `expected to be one of [${values.map((known) => JSON.stringify(known)).join(" ")}], got ${value}`;

/** A number that is not below `least`. */
export const atLeast =
  (least: number): Validator =>
  (value) =>
    Number(value) >= least ? undefined : `'${value}' cannot be lower than ${least}`;

/** A length of time as Go writes it: `1h30m`, `500ms`, `0`. */
const goDuration = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** A Go duration that is not negative. */
export const duration: Validator = (value) => {
  const text = String(value);
  if (!goDuration.test(text)) return `'${text}' is not a valid duration`;
  return text.startsWith("-") && /[1-9]/.test(text) ? `'${text}' duration must not be negative` : undefined;
};

/** A number between 0 and 1, written as a string. */
export const ratio: Validator = (value) => {
  const text = String(value);
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return `'${text}' is not a float`;
  return Number(text) >= 0 && Number(text) <= 1 ? undefined : `'${text}' has to be between 0.0 and 1.0`;
};

/** Padded standard base64. The message does not repeat the value: it may be a secret. */
export const base64: Validator = (value) =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(String(value).replaceAll(/[\r\n]/g, ""))
    ? undefined
    : "the value is not base64 decodeable";
