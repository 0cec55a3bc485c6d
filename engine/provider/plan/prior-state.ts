/**
 * How a stored state reads to Terraform's SDK before it plans. The SDK flattens a state into strings and builds it up
 * again from the schema, which turns what is null inside a nested block into the zero of its type
 * (terraform-plugin-sdk: helper/schema/resource.go `ShimInstanceStateFromValue`, resource_data.go `State`).
 */
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { isPropertyMap } from "../../model/property-value.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";

/** The same state with every property of the schema in it, null where nothing is stored. */
export function completeState(properties: Properties, state: PropertyMap): PropertyMap {
  return mapProperties(properties, (name, schema) => {
    const value = state[name] ?? null;
    const isList = schema.kind === "blocks" || schema.kind === "blockSet";
    return value === null && isList ? [] : mapNested(schema, value, completeState);
  });
}

/** The same, complete, state as the SDK reads it: zeros instead of nulls inside nested blocks that hold anything. */
export function fillZeros(properties: Properties, state: PropertyMap): PropertyMap {
  return mapProperties(properties, (name, schema) => mapNested(schema, state[name] ?? null, fillBlock));
}

function fillBlock(properties: Properties, block: PropertyMap): PropertyMap {
  // A nested block always leaves its count in the flattened state, and so makes the block around it exist.
  const exists = Object.entries(properties).some(
    ([name, schema]) => "properties" in schema || (block[name] ?? null) !== null,
  );
  return mapProperties(properties, (name, schema) => {
    const value = block[name] ?? null;
    return value === null && exists ? zeroOf(schema) : mapNested(schema, value, fillBlock);
  });
}

/** The zero of a type, as the SDK has it (helper/schema/schema.go, `ZeroValue`). */
export function zeroOf(schema: PropertySchema): PropertyValue {
  switch (schema.kind) {
    case "string":
      return "";
    case "number":
      return 0;
    case "boolean":
      return false;
    case "map":
      return {};
    case "block":
      return null;
    default:
      return [];
  }
}

/** A map with exactly the given properties. */
export function mapProperties(
  properties: Properties,
  valueOf: (name: string, schema: PropertySchema) => PropertyValue,
): PropertyMap {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueOf(name, schema)]));
}

/** A value with a function applied to the blocks that it is or holds. */
export function mapNested(
  schema: PropertySchema,
  value: PropertyValue,
  transform: (properties: Properties, block: PropertyMap) => PropertyMap,
): PropertyValue {
  if (!("properties" in schema)) return value;
  const one = (each: PropertyValue) => (isPropertyMap(each) ? transform(schema.properties, each) : each);
  return Array.isArray(value) ? value.map(one) : one(value);
}

/** Whether a value is null, or the zero of its type. */
export function isZero(value: PropertyValue): boolean {
  if (value === null || value === "" || value === 0 || value === false) return true;
  return Array.isArray(value) ? value.length === 0 : isPropertyMap(value) && Object.keys(value).length === 0;
}
