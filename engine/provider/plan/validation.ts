/** What the provider refuses in a resource's inputs, in its own words (terraform-plugin-sdk: helper/schema/schema.go). */
import { formatPropertyPath, type PropertyPath } from "../../model/property-path.ts";
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { containsUnknown, isPropertyMap, Unknown } from "../../model/property-value.ts";
import { terraformName } from "../schema/index.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";

/** A refused input: its path, in the program's names, and the reason. */
export interface InputFailure {
  path: string;
  reason: string;
}

/** The place that is validated. */
interface Place {
  root: Properties;
  inputs: PropertyMap;
  /** The path in the program's names. */
  path: PropertyPath;
  /** The path in Terraform's flattened names, as some messages quote it: `task_spec.0.container_spec.0.image`. */
  terraformPath: readonly string[];
  /** Terraform cannot point into a set, so everything in one is reported at the set. */
  reportAt?: string;
}

/** Finds everything that is wrong with a resource's inputs. */
export function findFailures(properties: Properties, inputs: PropertyMap): InputFailure[] {
  return validateProperties(properties, inputs, { root: properties, inputs, path: [], terraformPath: [] });
}

/** Whether a property is given, by its path in the program's names. */
export function isGiven(inputs: PropertyMap, path: string): boolean {
  const value = path
    .split(".")
    .reduce<PropertyValue>((at, name) => (isPropertyMap(at) ? (at[name] ?? null) : null), inputs);
  return value !== null && !(value instanceof Unknown);
}

function fail(place: Place, ...sentences: string[]): InputFailure[] {
  return [{ path: place.reportAt ?? formatPropertyPath(place.path), reason: sentences.join(". ") }];
}

function validateProperties(properties: Properties, values: PropertyMap, place: Place): InputFailure[] {
  const known = Object.entries(properties).flatMap(([name, schema]) =>
    validateProperty(name, schema, values[name] ?? null, {
      ...place,
      path: [...place.path, name],
      terraformPath: [...place.terraformPath, terraformName(name, schema)],
    }),
  );
  const unknown = Object.keys(values)
    .filter((name) => !Object.hasOwn(properties, name))
    .flatMap((name) => fail({ ...place, path: [...place.path, name] }, "Invalid or unknown key"));
  return [...known, ...unknown];
}

function validateProperty(name: string, schema: PropertySchema, value: PropertyValue, place: Place): InputFailure[] {
  const combination = validateCombination(name, schema, place);
  if (value === null) {
    if (!schema.required || schema.autoNamed === true) return combination;
    const key = JSON.stringify(place.terraformPath.join("."));
    return fail(place, "Missing required argument", `The argument ${key} is required, but no definition was found.`);
  }
  if (!schema.input) {
    const key = JSON.stringify(place.terraformPath.join("."));
    return fail(
      place,
      "Value for unconfigurable attribute",
      `Can't configure a value for ${key}: its value will be decided automatically based on the result of applying this configuration.`,
    );
  }
  if (value instanceof Unknown) return combination;
  const conflict = (schema.conflictsWith ?? []).find((other) => isGiven(place.inputs, other));
  if (conflict !== undefined)
    return fail(
      place,
      "Conflicting configuration arguments",
      `${JSON.stringify(place.terraformPath.join("."))}: conflicts with ${terraformKey(place.root, conflict)}`,
    );
  return [...combination, ...validateValue(schema, value, place)];
}

/** Reported once, at the first of the properties of which one is to be given. */
function validateCombination(name: string, schema: PropertySchema, place: Place): InputFailure[] {
  const choices = schema.exactlyOneOf ?? [];
  if (choices[0] !== name) return [];
  const given = choices.filter((choice) => (place.inputs[choice] ?? null) !== null);
  if (given.length === 1) return [];
  const keys = (names: readonly string[]) => names.map((choice) => terraformKey(place.root, choice)).join(",");
  const key = JSON.stringify(terraformKey(place.root, name));
  return fail(
    place,
    "Invalid combination of arguments",
    given.length === 0
      ? `${key}: one of \`${keys(choices)}\` must be specified`
      : `${key}: only one of \`${keys(choices)}\` can be specified, but \`${keys(given)}\` were specified.`,
  );
}

/** `mode.global` as Terraform's flattened states name it: `mode.0.global`. */
function terraformKey(root: Properties, path: string): string {
  let properties: Properties | undefined = root;
  const parts: string[] = [];
  for (const name of path.split(".")) {
    const schema: PropertySchema | undefined = properties?.[name];
    if (parts.length > 0) parts.push("0");
    parts.push(schema === undefined ? name : terraformName(name, schema));
    properties = schema !== undefined && "properties" in schema ? schema.properties : undefined;
  }
  return parts.join(".");
}

function validateValue(schema: PropertySchema, value: PropertyValue, place: Place): InputFailure[] {
  switch (schema.kind) {
    case "block":
      if (Array.isArray(value)) return fail(place, "Expected Object Type", "Expected object, got slice");
      if (!isPropertyMap(value)) return fail(place, "Expected Object Type", `Expected object, got ${goKind(value)}`);
      return validateProperties(schema.properties, value, {
        ...place,
        terraformPath: [...place.terraformPath, "0"],
      });
    case "blocks":
    case "blockSet":
      return validateBlocks(schema.kind, schema.properties, value, place);
    case "strings":
    case "stringSet":
      if (!Array.isArray(value)) return fail(place, "Attribute must be a list");
      if (containsUnknown(value)) return [];
      return value.flatMap((element, index) =>
        validateScalar(
          { ...schema, kind: "string" },
          element,
          schema.kind === "strings" ? { ...place, path: [...place.path, index] } : place,
        ),
      );
    case "map":
      if (!isPropertyMap(value)) return fail(place, "Attribute must be a map");
      return Object.entries(value).flatMap(([key, item]) =>
        item instanceof Unknown
          ? []
          : validateScalar({ ...schema, kind: "string" }, item, { ...place, path: [...place.path, key] }),
      );
    default:
      return validateScalar(schema, value, place);
  }
}

function validateBlocks(
  kind: "blocks" | "blockSet",
  properties: Properties,
  value: PropertyValue,
  place: Place,
): InputFailure[] {
  if (!Array.isArray(value)) return fail(place, "Attribute must be a list");
  // Terraform puts off a list that is not wholly known.
  if (containsUnknown(value)) return [];
  return value.flatMap((element, index) => {
    const here: Place = {
      ...place,
      path: [...place.path, index],
      terraformPath: [...place.terraformPath, String(index)],
      ...(kind === "blockSet" ? { reportAt: place.reportAt ?? formatPropertyPath(place.path) } : {}),
    };
    if (!isPropertyMap(element)) return fail(here, "Expected Object Type", `Expected object, got ${goKind(element)}`);
    return validateProperties(properties, element, here);
  });
}

function validateScalar(
  schema: { kind: PropertySchema["kind"]; valid?: PropertySchema["valid"]; sensitive?: boolean },
  value: PropertyValue,
  place: Place,
): InputFailure[] {
  if (Array.isArray(value)) return fail(place, "Attribute must be a single value, not a list");
  if (isPropertyMap(value)) return fail(place, "Attribute must be a single value, not a map");
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return fail(place, "Attribute must be a single value");
  const shown = schema.sensitive === true ? "another value" : String(value);
  if (schema.kind === "number" && !(Number.isInteger(value) || (typeof value === "string" && /^[+-]?\d+$/.test(value))))
    return fail(place, `Attribute must be a whole number, got ${shown}`);
  if (schema.kind === "boolean" && !/^(true|false|1|0|t|f|T|F|TRUE|FALSE|True|False)$/.test(String(value)))
    return fail(place, `Attribute must be true or false, got ${shown}`);
  const wrong = schema.valid?.(value);
  // The provider says the same as summary and as detail.
  return wrong === undefined ? [] : fail(place, wrong, wrong);
}

function goKind(value: PropertyValue): string {
  return typeof value === "number" ? "int" : typeof value === "boolean" ? "bool" : typeof value;
}
