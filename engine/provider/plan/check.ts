import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { isPropertyMap, revealSecrets } from "../../model/property-value.ts";
import type { CheckFailure } from "../../model/resource-provider.ts";
import { resourceSchema } from "../schema/index.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";
import { autoName } from "./auto-name.ts";
import { markSensitive } from "./raw-state.ts";
import { findFailures, isGiven } from "./validation.ts";

/** What defaults depend on besides the property itself. */
interface DefaultSources {
  resourceName: string;
  randomSeed: Uint8Array;
  environment: Readonly<Record<string, string | undefined>>;
  /** All inputs of the resource: a default gives way to what it conflicts with. */
  inputs: PropertyMap;
}

/**
 * Validates a resource's inputs and completes them with the provider's defaults, `__defaults` and an automatic name;
 * what is sensitive comes back as a `Secret` (pulumi-terraform-bridge: pkg/tfbridge/schema.go, `applyDefaults`).
 *
 * @param request.environment - where `DOCKER_REGISTRY_USER` and `DOCKER_REGISTRY_PASS` are looked for; the process' own
 * by default
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function checkInputs(
  type: string,
  request: {
    name: string;
    olds: PropertyMap;
    news: PropertyMap;
    randomSeed: Uint8Array;
    environment?: Readonly<Record<string, string | undefined>>;
  },
): { inputs: PropertyMap; failures: CheckFailure[] } {
  const { properties } = resourceSchema(type);
  const news = withoutNulls(revealSecrets(request.news));
  const inputs = completeInputs(properties, revealSecrets(request.olds), news, {
    resourceName: request.name,
    randomSeed: request.randomSeed,
    environment: request.environment ?? process.env,
    inputs: news,
  });
  return {
    inputs: markSensitive(properties, inputs),
    failures: findFailures(properties, news).map(({ path, reason }) => ({
      property: "",
      // The bridge names the property in the sentence and nowhere else (pkg/tfbridge/check_failures.go).
      reason: path === "" ? reason : `${reason}. Examine values at '${request.name}.${path}'.`,
    })),
  };
}

/** An absent property and a null one are the same to the provider. */
function withoutNulls(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map)
      .filter(([name, value]) => value !== null && !name.startsWith("__"))
      .map(([name, value]) => [name, withoutNestedNulls(value)]),
  );
}

function withoutNestedNulls(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(withoutNestedNulls);
  return isPropertyMap(value) ? withoutNulls(value) : value;
}

function completeInputs(
  properties: Properties,
  olds: PropertyMap,
  news: PropertyMap,
  sources: DefaultSources,
): PropertyMap {
  const given = Object.entries(news).map(([name, value]): [string, PropertyValue] => {
    const schema = properties[name];
    return [name, schema === undefined ? value : completeInput(schema, olds[name] ?? null, value, sources)];
  });
  const defaults = Object.entries(properties).flatMap(([name, schema]): [string, PropertyValue][] => {
    if (Object.hasOwn(news, name) || schema.deprecated !== undefined) return [];
    const value = defaultOf(name, schema, olds, sources);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    __defaults: defaults.map(([name]) => name).sort(),
    ...Object.fromEntries(given),
    ...Object.fromEntries(defaults),
  };
}

function completeInput(
  schema: PropertySchema,
  old: PropertyValue,
  value: PropertyValue,
  sources: DefaultSources,
): PropertyValue {
  switch (schema.kind) {
    case "block":
      return isPropertyMap(value)
        ? completeInputs(schema.properties, isPropertyMap(old) ? old : {}, value, sources)
        : value;
    case "blocks":
    case "blockSet":
      if (!Array.isArray(value)) return value;
      return value.map((element, index) => {
        const oldElement = Array.isArray(old) ? (old[index] ?? null) : null;
        return isPropertyMap(element)
          ? completeInputs(schema.properties, isPropertyMap(oldElement) ? oldElement : {}, element, sources)
          : element;
      });
    case "strings":
    case "stringSet":
      return Array.isArray(value) ? value.map((element) => coerce("string", element)) : value;
    case "map":
      if (!isPropertyMap(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coerce("string", item)]));
    default:
      return coerce(schema.kind, value);
  }
}

/** Takes a scalar for one of another type where that is exact, as Terraform does: `"5"` for 5, `true` for `"true"`. */
function coerce(kind: "string" | "number" | "boolean", value: PropertyValue): PropertyValue {
  if (kind === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (typeof value !== "string") return value;
  if (kind === "number" && /^[+-]?\d+$/.test(value)) return Number(value);
  if (kind === "boolean" && /^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (kind === "boolean" && /^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  return value;
}

function defaultOf(
  name: string,
  schema: PropertySchema,
  olds: PropertyMap,
  sources: DefaultSources,
): PropertyValue | undefined {
  const conflicts = [...(schema.conflictsWith ?? []), ...(schema.exactlyOneOf ?? []).filter((other) => other !== name)];
  if (conflicts.some((path) => isGiven(sources.inputs, path))) return undefined;
  const old = olds[name] ?? undefined;
  if (schema.autoNamed === true)
    // A name once given stays, also when the program stops giving it.
    return typeof old === "string" ? old : autoName(sources.resourceName, sources.randomSeed);
  const fallback =
    schema.defaultFromEnvironment === undefined
      ? schema.default
      : (sources.environment[schema.defaultFromEnvironment] ?? "");
  if (fallback === undefined) return undefined;
  const oldDefaults = olds["__defaults"];
  const wasDefault = !Array.isArray(oldDefaults) || oldDefaults.includes(name);
  return old !== undefined && wasDefault ? old : fallback;
}
