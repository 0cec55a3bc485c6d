import { isKnown, notKnown, visible, type Known, type ServiceMode } from "../../model/service/definition.ts";
import { parseSize } from "../../text/byte-size.ts";
import { parseDuration } from "../../text/duration.ts";
import { InputError } from "../../text/input-error.ts";
import type { Field } from "./field.ts";

/** Like {@link Field.text}, for a value that decides what happens: one hidden as a secret is not known. */
export function plainText(field: Field): Known<string | undefined> {
  return visible(field.text());
}

/** A duration in seconds, as Docker writes it (`1m30s`). */
export function seconds(field: Field): Known<number | undefined> {
  const text = plainText(field);
  if (!isKnown(text) || text === undefined || text === "") return text === "" ? undefined : text;
  const milliseconds = orMistake(() => parseDuration(text, ""), field, "a duration such as 30s or 1m30s");
  return isKnown(milliseconds) ? milliseconds / 1000 : milliseconds;
}

/** A size in bytes, as Docker writes it (`100M`); a number counts bytes. */
export function bytes(field: Field): Known<number | undefined> {
  const text = plainText(field);
  if (!isKnown(text) || text === undefined || text === "") return text === "" ? undefined : text;
  return orMistake(() => parseSize(text, ""), field, "a size such as 100M or 1.5GiB");
}

/** The value read or, if it is invalid, the field's own error, which names the field. */
function orMistake<T>(read: () => T, field: Field, expected: string): Known<T> {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return field.mistake(expected);
    throw error;
  }
}

/** The entries of a list; none if it is absent or not known. */
export function knownItems(field: Field): readonly Field[] {
  const items = field.items();
  return isKnown(items) ? items : [];
}

/** Like the given value, but `undefined` replaced. */
export function orElse<T>(value: Known<T | undefined>, otherwise: T): Known<T> {
  return value === undefined ? otherwise : value;
}

/** The mode by its name in Swarm; an unheard-of one is not known. */
export function modeByName(name: Known<string | undefined>): Known<ServiceMode> {
  if (!isKnown(name)) return notKnown;
  switch (name) {
    case undefined:
    case "":
    case "replicated":
      return "replicated";
    case "global":
    case "replicated-job":
    case "global-job":
      return name;
    default:
      return notKnown;
  }
}
