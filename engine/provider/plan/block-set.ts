/** Sets: which elements are the same, and in which order the provider keeps them. */
import type { PropertyValue } from "../../model/property-value.ts";
import { containsUnknown, isPropertyMap, Unknown } from "../../model/property-value.ts";
import { terraformName } from "../schema/index.ts";
import type { Properties } from "../schema/property-schema.ts";
import { zeroOf } from "./prior-state.ts";

/**
 * What makes a set's element this element: what the program can give, null and zero being the same
 * (terraform-plugin-sdk: helper/schema/serialize.go). An element that is not wholly known equals no other.
 */
export function elementIdentity(element: PropertyValue, properties: Properties | undefined): string | undefined {
  if (containsUnknown(element)) return undefined;
  return JSON.stringify(properties === undefined ? element : identify(element, properties));
}

function identify(element: PropertyValue, properties: Properties): PropertyValue {
  if (!isPropertyMap(element)) return element;
  return Object.entries(properties)
    .filter(([, schema]) => schema.input)
    .map(([name, schema]) => {
      const value = element[name] ?? zeroOf(schema);
      switch (schema.kind) {
        case "block":
          return identify(value, schema.properties);
        case "blocks":
          return Array.isArray(value) ? value.map((item) => identify(item, schema.properties)) : value;
        case "blockSet":
          return Array.isArray(value)
            ? value.map((item) => JSON.stringify(identify(item, schema.properties))).sort()
            : value;
        case "stringSet":
          return Array.isArray(value) ? value.map(String).sort() : value;
        case "map":
          return isPropertyMap(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value;
        default:
          return value;
      }
    });
}

/** The elements in the order in which the provider keeps a set, each once (go-cty: cty/set_internals.go, `Less`). */
export function orderSet(elements: readonly PropertyValue[], properties: Properties | undefined): PropertyValue[] {
  const keyed = elements.map((element) => ({ element, key: orderKey(element, properties) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed
    .filter(({ element, key }, index) => containsUnknown(element) || key !== keyed[index - 1]?.key)
    .map(({ element }) => element);
}

/** Strings sort by themselves, blocks by the bytes that go-cty hashes. */
function orderKey(element: PropertyValue, properties: Properties | undefined): string {
  if (properties === undefined) return typeof element === "string" ? `0${element}` : "1";
  return hashBytes(element, properties);
}

function hashBytes(value: PropertyValue, properties: Properties | undefined): string {
  if (value instanceof Unknown) return "?";
  if (value === null) return "~";
  if (typeof value === "boolean") return value ? "T" : "F";
  if (Array.isArray(value)) return `[${value.map((item) => `${hashBytes(item, properties)};`).join("")}]`;
  if (!isPropertyMap(value)) return JSON.stringify(value);
  if (properties === undefined)
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${hashBytes(item, undefined)};`)
      .join("")}}`;
  const byTerraformName = Object.entries(properties)
    .map(([name, schema]) => ({ name, schema, terraform: terraformName(name, schema) }))
    .sort((a, b) => (a.terraform < b.terraform ? -1 : 1));
  const attributes = byTerraformName.map(({ name, schema }) => {
    const attribute = value[name] ?? null;
    const inner = "properties" in schema ? schema.properties : undefined;
    // To Terraform a single block is a list of none or one.
    if (schema.kind === "block" && !(attribute instanceof Unknown))
      return attribute === null ? "[];" : `[${hashBytes(attribute, inner)};];`;
    return `${hashBytes(attribute, inner)};`;
  });
  return `<${attributes.join("")}>`;
}
