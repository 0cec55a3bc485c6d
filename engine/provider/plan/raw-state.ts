/** The provider's own book-keeping in outputs: `__pulumi_raw_state_delta` and `__meta`, and what it marks as secret. */
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { isPropertyMap, Secret } from "../../model/property-value.ts";
import { snakeCase } from "../schema/index.ts";
import type { Properties, PropertySchema, ResourceSchema } from "../schema/property-schema.ts";
import { mapNested } from "./prior-state.ts";

/**
 * How to make Terraform's raw state of the outputs again: which objects are maps, which were lists of one, and which
 * names are not the snake case of the program's (pulumi-terraform-bridge: pkg/tfbridge/rawstate.go).
 */
export function rawStateDelta(properties: Properties, object: PropertyMap): PropertyMap {
  const deltas: PropertyMap = {};
  const renamed: PropertyMap = {};
  for (const [name, schema] of Object.entries(properties)) {
    if (schema.terraformName !== undefined && schema.terraformName !== snakeCase(name))
      renamed[name] = schema.terraformName;
    const delta = propertyDelta(schema, object[name] ?? null);
    if (delta !== undefined) deltas[name] = delta;
  }
  return {
    obj: {
      ...(Object.keys(deltas).length > 0 ? { ps: deltas } : {}),
      ...(Object.keys(renamed).length > 0 ? { renamed } : {}),
    },
  };
}

function propertyDelta(schema: PropertySchema, value: PropertyValue): PropertyMap | undefined {
  switch (schema.kind) {
    case "block":
      return { plu: { i: isPropertyMap(value) ? rawStateDelta(schema.properties, value) : {} } };
    case "blocks":
    case "blockSet":
      return arrayDelta(value, (element) => (isPropertyMap(element) ? rawStateDelta(schema.properties, element) : {}));
    case "strings":
    case "stringSet":
      return value === null ? undefined : { arr: {} };
    case "map":
      return value === null ? undefined : { map: {} };
    default:
      return undefined;
  }
}

function arrayDelta(value: PropertyValue, deltaOf: (element: PropertyValue) => PropertyMap): PropertyMap {
  if (!Array.isArray(value) || value.length === 0) return { arr: {} };
  return { arr: { el: Object.fromEntries(value.map((element, index) => [String(index), deltaOf(element)])) } };
}

/** `__meta`: the version of the state's format; absent where the provider keeps none. */
export function stateMeta(schema: ResourceSchema): PropertyMap {
  return schema.version === 0 ? {} : { __meta: JSON.stringify({ schema_version: String(schema.version) }) };
}

/** The same values with what the schema calls sensitive marked as `Secret`, null included. */
export function markSensitive(properties: Properties, object: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => {
      const schema = properties[name];
      return [name, schema === undefined ? value : markProperty(schema, value)];
    }),
  );
}

function markProperty(schema: PropertySchema, value: PropertyValue): PropertyValue {
  if (schema.sensitive === true) return value instanceof Secret ? value : new Secret(value);
  return mapNested(schema, value, markSensitive);
}
