import { isKnown, notKnown, type Known } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";

/** What a reader does about a value of the wrong kind: stop with an error, or take it for not known. */
export type Mistake = (path: string, expected: string, got: unknown) => typeof notKnown;

/**
 * A value somewhere in an input, with the path that leads to it.
 *
 * Absent values stay fields, so that a path can be named whether or not something is written there.
 */
export class Field {
  readonly value: Known<unknown>;
  readonly #key: string | number;
  readonly #holder: Field | undefined;
  readonly #mistake: Mistake;

  /**
   * @param key - the key in a mapping or the index in a list; the path, if nothing holds it
   * @param holder - what holds it; the path is made of that when it is asked for, which is seldom
   */
  constructor(value: Known<unknown>, key: string | number, mistake: Mistake = () => notKnown, holder?: Field) {
    this.value = value ?? undefined;
    this.#key = key;
    this.#holder = holder;
    this.#mistake = mistake;
  }

  get path(): string {
    if (this.#holder === undefined) return String(this.#key);
    const { path } = this.#holder;
    return typeof this.#key === "number" ? `${path}[${this.#key}]` : joinPath(path, this.#key);
  }

  /** The same place with another value, for example after a short form was spelled out. */
  with(value: Known<unknown>): Field {
    return new Field(value, this.#key, this.#mistake, this.#holder);
  }

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  /** The field under a key of a mapping; absent when this is absent, not known when this is not known. */
  get(key: string): Field {
    return new Field(this.#valueAt(key), key, this.#mistake, this);
  }

  #valueAt(key: string): Known<unknown> {
    if (!isKnown(this.value) || this.isAbsent) return this.value;
    if (!isRecord(this.value)) return this.mistake("a mapping");
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  /** A string; numbers and booleans count as written, as YAML's authors mean them. */
  text(): Known<string | undefined> {
    const text = this.rawText();
    return isKnown(text) && text?.includes(unknownPart) === true ? notKnown : text;
  }

  /** Like {@link text}, but with {@link unknownPart} in place of an unknown part. */
  rawText(): Known<string | undefined> {
    const { value } = this;
    if (!isKnown(value) || value === undefined || typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return this.mistake("a string");
  }

  /** A whole number, also written as a string. */
  integer(): Known<number | undefined> {
    const { value } = this;
    if (!isKnown(value) || value === undefined) return value;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    if (typeof value === "string" && /^\s*-?\d{1,15}\s*$/.test(value)) return Number(value);
    return this.mistake("a whole number");
  }

  /** A boolean, also written as a string or in YAML 1.1's words, which Docker takes as well. */
  flag(): Known<boolean | undefined> {
    const { value } = this;
    if (!isKnown(value) || value === undefined || typeof value === "boolean") return value;
    const word = typeof value === "string" ? value.toLowerCase() : "";
    if (/^(?:true|yes|on|y)$/.test(word)) return true;
    if (/^(?:false|no|off|n)$/.test(word)) return false;
    return this.mistake("true or false");
  }

  /** The entries of a list; none when absent. */
  items(): Known<readonly Field[]> {
    const { value } = this;
    if (!isKnown(value)) return value;
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.mistake("a list");
    return value.map((item, index) => new Field(item, index, this.#mistake, this));
  }

  /** What is read of each entry of a list; nothing when absent. */
  map<T>(read: (item: Field) => T): Known<readonly T[]> {
    const items = this.items();
    return isKnown(items) ? items.map(read) : items;
  }

  /** The entries of a list of strings. */
  texts(): Known<readonly Known<string>[]> {
    return this.map((item) => item.text() ?? "");
  }

  /** Like {@link texts}, but `undefined` when absent. */
  optionalTexts(): Known<readonly Known<string>[] | undefined> {
    return this.isAbsent ? undefined : this.texts();
  }

  /** The entries of a mapping; none when absent. */
  entries(): Known<readonly (readonly [string, Field])[]> {
    const { value } = this;
    if (!isKnown(value)) return value;
    if (value === undefined) return [];
    if (!isRecord(value)) return this.mistake("a mapping");
    return Object.keys(value).map((key) => [key, this.get(key)] as const);
  }

  /** A mapping of strings; empty when absent. */
  textRecord(): Known<Readonly<Record<string, Known<string>>>> {
    const entries = this.entries();
    if (!isKnown(entries)) return entries;
    return recordOf(entries.map(([key, field]) => [key, field.text() ?? ""]));
  }

  /** Reports that the value is not what it should be, unless a part of it is not known: then the whole is not. */
  mistake(expected: string): typeof notKnown {
    if (typeof this.value === "string" && this.value.includes(unknownPart)) return notKnown;
    return this.#mistake(this.path, expected, this.value);
  }
}

/** Marks a part of a text that is not known, such as a variable that is not set. */
export const unknownPart = "\ue000";

/** The path of a key below another path; a key that is no plain word is quoted. */
export function joinPath(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${quoted(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** A record without a prototype's surprises: a key `__proto__` is a key like any other. */
export function recordOf<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  const record: Record<string, T> = {};
  for (const [key, value] of entries) {
    // Defining each would take several times as long, and a preview has hundreds of thousands.
    if (key !== "__proto__") record[key] = value;
    else Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return record;
}

/** Tells whether a value is a mapping: an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
