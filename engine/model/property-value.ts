/**
 * Property values: what Pulumi's protocol and its checkpoint call the inputs and outputs of a resource.
 *
 * On the wire and in the checkpoint, secrets and unknowns are marked by signature keys and sentinel strings
 * (Pulumi: sdk/go/common/resource/properties.go). Inside the engine they are classes, so that no code can mistake one
 * for plain data; `wire-value.ts` and `state/checkpoint-value.ts` translate at the border.
 */
export type PropertyValue =
  null | boolean | number | string | PropertyValue[] | PropertyMap | Unknown | Secret | OutputValue | ResourceReference;

/** A resource's inputs or outputs, by property name. */
export interface PropertyMap {
  [name: string]: PropertyValue;
}

/** A value that is not known before an operation has run (only during a preview). */
export class Unknown {
  static readonly value = new Unknown();
  private readonly kind = "unknown";
  private constructor() {}
  /** Keeps an unknown from being written anywhere as if it were data. */
  toJSON(): never {
    throw new Error(`a property value that is ${this.kind} was serialised as plain JSON`);
  }
}

/** A value that must never be shown or stored in clear text. */
export class Secret {
  readonly #value: PropertyValue;
  constructor(value: PropertyValue) {
    this.#value = value instanceof Secret ? value.reveal() : value;
  }
  /** The clear text; for the provider, the program and the encrypter only. */
  reveal(): PropertyValue {
    return this.#value;
  }
  /** What any accidental print or `JSON.stringify` shows. */
  toJSON(): string {
    return "[secret]";
  }
  toString(): string {
    return "[secret]";
  }
}

/** A first-class output with the resources it depends on, as the SDK sends it where the engine accepts output values. */
export class OutputValue {
  readonly value: PropertyValue;
  readonly dependencies: readonly string[];
  constructor(value: PropertyValue, dependencies: readonly string[]) {
    this.value = value;
    this.dependencies = dependencies;
  }
}

/** A reference to another resource, as an input or output. */
export class ResourceReference {
  readonly urn: string;
  /** The custom resource's id; `Unknown` before it has one, undefined for a component. */
  readonly id: string | Unknown | undefined;
  readonly packageVersion: string | undefined;
  constructor(urn: string, id: string | Unknown | undefined, packageVersion?: string) {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

/** Whether a value is a plain object of property values (not one of the classes above). */
export function isPropertyMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Unknown) &&
    !(value instanceof Secret) &&
    !(value instanceof OutputValue) &&
    !(value instanceof ResourceReference)
  );
}

/** What a value holds: its items or members, or the value of a secret or an output. */
function membersOf(value: PropertyValue): PropertyValue[] {
  if (value instanceof Secret) return [value.reveal()];
  if (value instanceof OutputValue) return [value.value];
  if (Array.isArray(value)) return value;
  return isPropertyMap(value) ? Object.values(value) : [];
}

/** A value with a function applied to its items or members; any other value unchanged. */
function mapMembers(value: PropertyValue, change: (member: PropertyValue) => PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(change);
  if (!isPropertyMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]));
}

/** Whether the value contains an unknown, inside secrets and outputs too. */
export function containsUnknown(value: PropertyValue): boolean {
  return value instanceof Unknown || membersOf(value).some(containsUnknown);
}

/** Whether the value contains a secret. */
export function containsSecret(value: PropertyValue): boolean {
  return value instanceof Secret || membersOf(value).some(containsSecret);
}

/** Every text that a secret within the value holds. */
export function secretTexts(value: PropertyValue, isSecret = false): string[] {
  if (typeof value === "string") return isSecret ? [value] : [];
  return membersOf(value).flatMap((member) => secretTexts(member, isSecret || value instanceof Secret));
}

/** The same value with every secret replaced by its clear text: for providers, which take no secrets. */
export function revealSecrets<T extends PropertyValue>(value: T): T {
  // The shape is kept, so a map stays a map and an array an array.
  return reveal(value) as T;
}

function reveal(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return reveal(value.reveal());
  if (value instanceof OutputValue) return reveal(value.value);
  return mapMembers(value, reveal);
}

/** Deep equality as Pulumi has it: secrets equal by content, unknown equal only to unknown, key order ignored. */
export function equalValues(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (a instanceof Secret || b instanceof Secret)
    return a instanceof Secret && b instanceof Secret && equalValues(a.reveal(), b.reveal());
  if (a instanceof OutputValue || b instanceof OutputValue)
    return a instanceof OutputValue && b instanceof OutputValue && equalValues(a.value, b.value);
  if (a instanceof ResourceReference || b instanceof ResourceReference)
    return a instanceof ResourceReference && b instanceof ResourceReference && a.urn === b.urn && a.id === b.id;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equalValues(item, b[index]));
  if (!isPropertyMap(a) || !isPropertyMap(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key], b[key]))
  );
}
