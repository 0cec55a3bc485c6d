import type { Validator } from "./validators.ts";

/** The element or value types of the provider's schema, without the facts of the property that carries them. */
export type PropertyType =
  | { kind: "string" | "number" | "boolean" }
  /** A list or set of strings. */
  | { kind: "strings" | "stringSet" }
  /** A map of strings. */
  | { kind: "map" }
  /** One nested block: a list or set with `MaxItems: 1`, which the program sees as an object. */
  | { kind: "block"; properties: Properties }
  /** A list or set of nested blocks. */
  | { kind: "blocks" | "blockSet"; properties: Properties };

/** What else the provider's schema says of a property (terraform-plugin-sdk: helper/schema/schema.go, `Schema`). */
interface PropertyFacts {
  /** A change of this property, or of an element of it, replaces the resource. */
  forceNew?: boolean;
  /** Never shown or stored in clear text. */
  sensitive?: boolean;
  /** What it is when the program leaves it out. */
  default?: string | number | boolean;
  /** The environment variable that gives the default, or "" where it is not set. */
  defaultFromEnvironment?: string;
  /** The provider makes a name from the resource's name where the program gives none. */
  autoNamed?: boolean;
  /** Still accepted, but the provider proposes no default for it. */
  deprecated?: string;
  /** Properties that must not be given together with this one, as paths from the resource in the program's names. */
  conflictsWith?: readonly string[];
  /** Of this property and these, exactly one must be given. */
  exactlyOneOf?: readonly string[];
  /** What a known value must fulfil. */
  valid?: Validator;
  /** The name in Terraform's schema, where it is not just the snake case of the program's. */
  terraformName?: string;
}

/** One property: its type, and who may give its value. */
export type PropertySchema = PropertyType &
  PropertyFacts & {
    /** Whether the program must give it. */
    required: boolean;
    /** Whether the program may give it. */
    input: boolean;
    /** Whether Docker gives it where the program does not: then a value left out later stays what it is. */
    computed: boolean;
  };

/** The properties of a resource or of a nested block, by the program's name. */
export type Properties = Readonly<Record<string, PropertySchema>>;

/** What the provider knows of one resource type. */
export interface ResourceSchema {
  properties: Properties;
  /** Version of the state's format, kept in `__meta` unless it is 0. */
  version: number;
}

/** A string. */
export const string: PropertyType = { kind: "string" };
/** A whole number. */
export const number: PropertyType = { kind: "number" };
/** True or false. */
export const boolean: PropertyType = { kind: "boolean" };
/** A list of strings. */
export const listOfStrings: PropertyType = { kind: "strings" };
/** A set of strings: their order means nothing. */
export const setOfStrings: PropertyType = { kind: "stringSet" };
/** A map of strings. */
export const mapOfStrings: PropertyType = { kind: "map" };

/** One nested block (`TypeList`, `MaxItems: 1`). */
export const block = (properties: Properties): PropertyType => ({ kind: "block", properties });
/** A list of nested blocks. */
export const listOf = (properties: Properties): PropertyType => ({ kind: "blocks", properties });
/** A set of nested blocks: their order means nothing. */
export const setOf = (properties: Properties): PropertyType => ({ kind: "blockSet", properties });

function property(required: boolean, input: boolean, computed: boolean) {
  return (type: PropertyType, facts: PropertyFacts = {}): PropertySchema => {
    return { ...type, ...facts, required, input, computed };
  };
}

/** A property that the program must give. */
export const required = property(true, true, false);
/** A property that the program may give. */
export const optional = property(false, true, false);
/** A property that Docker gives where the program does not. */
export const optionalComputed = property(false, true, true);
/** A property that only Docker gives. */
export const computed = property(false, false, true);
