import { containsPath, parsePropertyPath } from "../../model/property-path.ts";
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { containsUnknown, isPropertyMap, revealSecrets, Unknown } from "../../model/property-value.ts";
import { resourceSchema } from "../schema/index.ts";
import type { Properties, ResourceSchema } from "../schema/property-schema.ts";
import { planProperties, type Planning } from "./plan-properties.ts";
import { completeState, fillZeros, isZero } from "./prior-state.ts";
import { markSensitive, rawStateDelta } from "./raw-state.ts";

/** What a resource is to become, as Terraform's `PlanResourceChange` answers. */
export interface ResourcePlan {
  /** What is stored, every property of the schema in it. */
  prior: PropertyMap;
  /** The result, unknown where only Docker knows; the same object as `prior` if nothing changes. */
  planned: PropertyMap;
  /** Whether the changes need another resource in place of this one. */
  replaces: boolean;
}

/**
 * The outputs that a create (without `old`) or an update would have, unknown where only Docker knows; what is
 * sensitive is a `Secret`.
 *
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function planOutputs(
  type: string,
  request: {
    news: PropertyMap;
    old?: { id: string; inputs: PropertyMap; outputs: PropertyMap };
    ignoreChanges: string[];
  },
): PropertyMap {
  const schema = resourceSchema(type);
  if (request.old === undefined) {
    const planned = planCreate(schema, request.news);
    return { ...markSensitive(schema.properties, planned), id: Unknown.value };
  }
  const { planned } = planUpdate(schema, request.old.outputs, request.news, request.ignoreChanges);
  const outputs = { ...planned, id: request.old.id };
  return {
    ...markSensitive(schema.properties, outputs),
    ...(containsUnknown(planned) ? {} : { __pulumi_raw_state_delta: rawStateDelta(schema.properties, planned) }),
  };
}

function planCreate(schema: ResourceSchema, news: PropertyMap): PropertyMap {
  const planning: Planning = { creating: true, ignored: () => false, differs: false, replaces: false };
  return planProperties(schema.properties, undefined, revealSecrets(news), planning);
}

/** Plans a change of what is stored; equal to it where the SDK sees no difference. */
export function planUpdate(
  schema: ResourceSchema,
  oldOutputs: PropertyMap,
  news: PropertyMap,
  ignoreChanges: readonly string[],
): ResourcePlan {
  const prior = completeState(schema.properties, revealSecrets(oldOutputs));
  const ignoredPaths = ignoreChanges.map(parsePropertyPath);
  const planning: Planning = {
    creating: false,
    ignored: (path) => ignoredPaths.some((ignored) => containsPath(ignored, path)),
    differs: false,
    replaces: false,
  };
  const planned = planProperties(schema.properties, fillZeros(schema.properties, prior), revealSecrets(news), planning);
  return !planning.differs || equivalent(schema.properties, prior, planned)
    ? { prior, planned: prior, replaces: false }
    : { prior, planned, replaces: planning.replaces };
}

/**
 * Whether two states are the same to the SDK, to which null and zero are one
 * (terraform-plugin-sdk: internal/configs/hcl2shim/values_equiv.go).
 */
function equivalent(properties: Properties, a: PropertyMap, b: PropertyMap): boolean {
  return Object.entries(properties).every(([name, schema]) => {
    const [before, after] = [a[name] ?? null, b[name] ?? null];
    if (before instanceof Unknown || after instanceof Unknown) return before === after;
    if (isZero(before) || isZero(after)) return isZero(before) && isZero(after);
    const sameBlock = (one: PropertyValue, other: PropertyValue) =>
      "properties" in schema && isPropertyMap(one) && isPropertyMap(other)
        ? equivalent(schema.properties, one, other)
        : JSON.stringify(one) === JSON.stringify(other);
    if (schema.kind === "map") return equivalentMaps(before, after);
    if (!Array.isArray(before) || !Array.isArray(after)) return sameBlock(before, after);
    if (before.length !== after.length) return false;
    return schema.kind === "blockSet" || schema.kind === "stringSet"
      ? before.every((one) => after.some((other) => sameBlock(one, other))) &&
          after.every((other) => before.some((one) => sameBlock(one, other)))
      : before.every((one, index) => sameBlock(one, after[index] ?? null));
  });
}

function equivalentMaps(a: PropertyValue, b: PropertyValue): boolean {
  if (!isPropertyMap(a) || !isPropertyMap(b) || Object.keys(a).length !== Object.keys(b).length) return false;
  return Object.entries(a).every(([key, value]) => value === b[key] || (isZero(value) && isZero(b[key] ?? null)));
}
