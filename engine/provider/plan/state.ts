import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import {
  containsUnknown,
  equalValues,
  isPropertyMap,
  revealSecrets,
  Secret,
  Unknown,
} from "../../model/property-value.ts";
import { resourceSchema } from "../schema/index.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";
import { orderSet } from "./block-set.ts";
import { completeState, fillZeros, isZero, mapNested, mapProperties } from "./prior-state.ts";
import { markSensitive, rawStateDelta, stateMeta } from "./raw-state.ts";

/**
 * Completes what was read from Docker into the outputs that the provider stores: every attribute of the schema, the
 * provider's own book-keeping, and `Secret` around what is sensitive.
 *
 * @param attributes - what the provider's Read sets, in the program's names, and `id`; what is missing counts as not
 * set. A map that Docker answers as null (a volume's options, a network's IPAM options) is set, and empty: `{}`.
 * @param planned - after a create or update, what {@link planOutputs} predicted: used for what Read does not
 * set, and where Terraform's SDK cannot distinguish null from empty (terraform-plugin-sdk:
 * helper/schema/grpc_provider.go, `normalizeNullValues` in `ApplyResourceChange`). Left out after a read.
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function stateOutputs(type: string, attributes: PropertyMap, planned?: PropertyMap): PropertyMap {
  const schema = resourceSchema(type);
  const { properties } = schema;
  const plan = planned === undefined ? {} : revealSecrets(planned);
  const known = Object.entries(plan).filter(([, value]) => !(value instanceof Unknown));
  const set = { ...Object.fromEntries(known), ...revealSecrets(attributes) };
  const read = fillZeros(properties, completeState(properties, set));
  const state = orderSets(properties, planned === undefined ? read : settle(properties, read, plan));
  return {
    ...markSensitive(properties, state),
    id: attributes["id"] ?? null,
    ...stateMeta(schema),
    __pulumi_raw_state_delta: rawStateDelta(properties, state),
  };
}

/** The state after an apply: null or empty as the plan had it, and sets as they were planned. */
function settle(properties: Properties, read: PropertyMap, planned: PropertyMap): PropertyMap {
  return mapProperties(properties, (name, schema) => settleProperty(schema, read[name] ?? null, planned[name] ?? null));
}

function settleProperty(schema: PropertySchema, read: PropertyValue, planned: PropertyValue): PropertyValue {
  if (planned instanceof Unknown) return read;
  switch (schema.kind) {
    case "strings":
    case "map":
      return isZero(read) && isZero(planned) ? planned : read;
    case "stringSet":
    case "blockSet":
      if (isZero(read) && isZero(planned)) return planned;
      return planned === null || containsUnknown(planned) ? read : planned;
    case "block":
      return isPropertyMap(read) && isPropertyMap(planned) ? settle(schema.properties, read, planned) : read;
    case "blocks":
      if (!Array.isArray(read) || !Array.isArray(planned) || read.length !== planned.length) return read;
      return read.map((element, index) => {
        const plannedElement = planned[index] ?? null;
        return isPropertyMap(element) && isPropertyMap(plannedElement)
          ? settle(schema.properties, element, plannedElement)
          : element;
      });
    default:
      return read === null && planned === "" ? "" : read;
  }
}

function orderSets(properties: Properties, state: PropertyMap): PropertyMap {
  return mapProperties(properties, (name, schema) => {
    const value = mapNested(schema, state[name] ?? null, orderSets);
    if (!Array.isArray(value)) return value;
    if (schema.kind === "stringSet") return orderSet(value, undefined);
    return schema.kind === "blockSet" ? orderSet(value, schema.properties) : value;
  });
}

/**
 * The inputs that the provider's `Read` answers: those of the state with the values just read; without any, as for
 * `Resource.get`, what the program would have to give to make what is there
 * (pulumi-terraform-bridge: pkg/tfbridge/schema.go, `ExtractInputsFromOutputs`).
 *
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function readInputs(type: string, request: { oldInputs: PropertyMap; outputs: PropertyMap }): PropertyMap {
  const { properties } = resourceSchema(type);
  return Object.keys(request.oldInputs).length === 0
    ? inputsOf(properties, request.outputs)
    : extractMap(request.oldInputs, request.outputs).value;
}

interface Extracted<T extends PropertyValue> {
  value: T;
  /** Whether it may still be what a default gave: nothing in it changed. */
  unchanged: boolean;
}

function extract(oldInput: PropertyValue, output: PropertyValue): Extracted<PropertyValue> {
  if (Array.isArray(oldInput) && Array.isArray(output)) {
    const elements = oldInput.slice(0, output.length).map((element, index) => extract(element, output[index] ?? null));
    return {
      value: elements.map(({ value }) => value),
      unchanged: oldInput.length <= output.length && elements.every(({ unchanged }) => unchanged),
    };
  }
  if (isPropertyMap(oldInput) && isPropertyMap(output)) return extractMap(oldInput, output);
  return { value: output, unchanged: equalValues(oldInput, output) };
}

function extractMap(oldInputs: PropertyMap, outputs: PropertyMap): Extracted<PropertyMap> {
  const { __defaults: defaults, ...inputs } = oldInputs;
  const extracted = Object.entries(inputs)
    .filter(([name]) => Object.hasOwn(outputs, name))
    .map(([name, value]) => ({ name, ...extract(value, outputs[name] ?? null) }));
  const unchanged = new Set(extracted.filter((property) => property.unchanged).map(({ name }) => name));
  const stillDefaults = Array.isArray(defaults)
    ? defaults.filter((name) => typeof name === "string" && unchanged.has(name)).sort()
    : [];
  return {
    value: {
      ...(stillDefaults.length > 0 ? { __defaults: stillDefaults } : {}),
      ...Object.fromEntries(extracted.map(({ name, value }) => [name, value])),
    },
    unchanged: !Array.isArray(defaults) || unchanged.size === Object.keys(inputs).length,
  };
}

function inputsOf(properties: Properties, outputs: PropertyMap): PropertyMap {
  const given = Object.entries(properties).flatMap(([name, schema]): [string, PropertyValue][] => {
    if (!schema.input) return [];
    const value = mapNested(schema, outputs[name] ?? null, inputsOf);
    return schema.required || !isDefaultOrZero(schema, value) ? [[name, value]] : [];
  });
  return { __defaults: [], ...Object.fromEntries(given) };
}

function isDefaultOrZero(schema: PropertySchema, value: PropertyValue): boolean {
  const plain = value instanceof Secret ? value.reveal() : value;
  if (schema.default !== undefined) return plain === schema.default;
  return isZero(plain) || (isPropertyMap(plain) && Object.keys(plain).every((name) => name === "__defaults"));
}
