/**
 * Terraform's plan for one resource, computed on property values: what each property will be, given what it was and
 * what the program says (terraform-plugin-sdk: helper/schema/schema.go `schemaMap.diff*`, terraform/diff.go
 * `InstanceDiff.Apply`; opentofu: plans/objchange `ProposedNew`).
 *
 * Three states of a prior value matter to the SDK: undefined (nothing was ever stored, as in a create), null, and a
 * value; of a block that was not there only undefined lets the provider compute it.
 */
import type { PropertyPath } from "../../model/property-path.ts";
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { containsUnknown, equalValues, isPropertyMap, Unknown } from "../../model/property-value.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";
import { elementIdentity, orderSet } from "./block-set.ts";
import { mapProperties, zeroOf } from "./prior-state.ts";

/** What goes through a whole plan. */
export interface Planning {
  /** Whether the resource is not there yet. */
  readonly creating: boolean;
  /** Whether changes of this property are to be ignored. */
  readonly ignored: (path: PropertyPath) => boolean;
  /** Set once anything differs. */
  differs: boolean;
  /** Set once a difference forces a replacement. */
  replaces: boolean;
}

/** Where in the plan a property stands. */
interface Place {
  path: PropertyPath;
  /** Inside an element of a set that changes as a whole: there every property is planned anew. */
  inChangedSet: boolean;
}

type Prior = PropertyValue | undefined;

/** Plans the properties of a resource or block; the answer has each of them, null where it has no value. */
export function planProperties(
  properties: Properties,
  prior: PropertyMap | undefined,
  config: PropertyMap,
  planning: Planning,
  place: Place = { path: [], inChangedSet: false },
): PropertyMap {
  return mapProperties(properties, (name, schema) => {
    const here = { ...place, path: [...place.path, name] };
    if (planning.ignored(here.path)) return prior?.[name] ?? null;
    return planProperty(schema, prior?.[name], config[name] ?? null, planning, here);
  });
}

function planProperty(
  schema: PropertySchema,
  prior: Prior,
  config: PropertyValue,
  planning: Planning,
  place: Place,
): PropertyValue {
  switch (schema.kind) {
    case "string":
    case "number":
    case "boolean":
      return planScalar(schema, prior ?? null, config, planning, place);
    case "strings":
    case "stringSet":
      return planStrings(schema, prior ?? null, config, planning, place);
    case "map":
      return planMap(schema, prior ?? null, config, planning);
    case "block":
      return planBlock(schema, schema.properties, prior, config, planning, place);
    case "blocks":
      return planBlocks(schema, schema.properties, prior, config, planning, place);
    case "blockSet":
      return planBlockSet(schema, schema.properties, prior, config, planning, place);
  }
}

/** Records a difference, and whether it is one that the schema says forces a replacement. */
function record(planning: Planning, forcesReplacement: boolean | undefined): void {
  planning.differs = true;
  if (forcesReplacement === true) planning.replaces = true;
}

/** `diffString` and `applySingleAttrDiff`. */
function planScalar(
  schema: PropertySchema,
  prior: PropertyValue,
  config: PropertyValue,
  planning: Planning,
  { inChangedSet }: Place,
): PropertyValue {
  const next = config ?? schema.default ?? (schema.defaultFromEnvironment === undefined ? null : "");
  const zero = zeroOf(schema);
  if (next instanceof Unknown) {
    record(planning, schema.forceNew);
    return Unknown.value;
  }
  if (next === null && prior !== null) {
    if (schema.computed || (prior === zero && !inChangedSet)) return prior;
    record(planning, schema.forceNew === true && prior !== zero);
    return null;
  }
  if (next === null) {
    if (!inChangedSet && !planning.creating) return null;
    if (schema.computed) {
      record(planning, schema.forceNew);
      return Unknown.value;
    }
    // The SDK cannot tell an unset string from an empty one where it plans a set's element anew.
    return inChangedSet && schema.kind === "string" ? "" : null;
  }
  if (prior === next && !inChangedSet) return prior;
  if (next === "" && schema.computed) {
    if (prior !== null && prior !== "") return prior;
    if (!planning.creating) return "";
    record(planning, schema.forceNew);
    return Unknown.value;
  }
  if (next === "" && prior === null && !inChangedSet) return "";
  record(planning, schema.forceNew === true && prior !== next);
  return next;
}

/** `diffList` and `diffSet` of strings, and `applyCollectionDiff`. */
function planStrings(
  schema: PropertySchema,
  prior: PropertyValue,
  config: PropertyValue,
  planning: Planning,
  { inChangedSet }: Place,
): PropertyValue {
  const before = Array.isArray(prior) ? prior : [];
  if (config instanceof Unknown) return planUnknown(schema, before.length, prior, planning);
  if (!Array.isArray(config)) {
    if (schema.computed && prior !== null) return prior;
    if (schema.computed) return planComputed(schema, planning);
    if (before.length > 0) record(planning, schema.forceNew);
    return before.length > 0 || inChangedSet ? [] : prior;
  }
  const after = schema.kind === "stringSet" ? orderSet(config, undefined) : config;
  const same = equalValues(schema.kind === "stringSet" ? orderSet(before, undefined) : before, after);
  if (same && !containsUnknown(after) && !inChangedSet)
    // An empty list given where there was none stays an empty list; an empty set is forgotten.
    return schema.kind === "strings" ? after : prior;
  if (!same) record(planning, schema.forceNew);
  return after;
}

/** `diffMap` and `applyCollectionDiff`: one unknown value makes the whole map unknown. */
function planMap(
  schema: PropertySchema,
  prior: PropertyValue,
  config: PropertyValue,
  planning: Planning,
): PropertyValue {
  const before = isPropertyMap(prior) ? prior : {};
  if (containsUnknown(config)) {
    record(planning, schema.forceNew);
    return Unknown.value;
  }
  if (!isPropertyMap(config)) {
    if (schema.computed) return prior ?? planComputed(schema, planning);
    if (Object.keys(before).length === 0) return prior;
    record(planning, schema.forceNew);
    return {};
  }
  if (equalValues(before, config)) return prior;
  record(planning, schema.forceNew);
  return config;
}

/** A block or collection that the provider computes. */
function planComputed(schema: PropertySchema, planning: Planning): Unknown {
  record(planning, schema.forceNew);
  return Unknown.value;
}

/** A collection that the program gives but that is not known yet. */
function planUnknown(schema: PropertySchema, countBefore: number, prior: Prior, planning: Planning): PropertyValue {
  // `finalizeDiff` drops the difference of a computed set that had elements.
  const isSet = schema.kind === "stringSet" || schema.kind === "blockSet";
  if (isSet && schema.computed && countBefore > 0) return prior ?? null;
  return planComputed(schema, planning);
}

/** `diffList` of a list that holds at most one block. */
function planBlock(
  schema: PropertySchema,
  properties: Properties,
  prior: Prior,
  config: PropertyValue,
  planning: Planning,
  place: Place,
): PropertyValue {
  const before = isPropertyMap(prior) ? prior : undefined;
  if (config instanceof Unknown) return planComputed(schema, planning);
  if (!isPropertyMap(config)) {
    if (schema.computed) return prior === undefined ? planComputed(schema, planning) : prior;
    if (before !== undefined) planRemoval(schema, properties, [before], planning, place);
    return null;
  }
  if (before === undefined) record(planning, schema.forceNew);
  return planProperties(properties, before, config, planning, place);
}

/** `diffList` of blocks. */
function planBlocks(
  schema: PropertySchema,
  properties: Properties,
  prior: Prior,
  config: PropertyValue,
  planning: Planning,
  place: Place,
): PropertyValue {
  const before = Array.isArray(prior) ? prior.filter(isPropertyMap) : [];
  if (config instanceof Unknown) return planUnknown(schema, before.length, prior, planning);
  if (!Array.isArray(config) || config.length === 0)
    return planNoBlocks(schema, properties, prior, before, planning, place);
  if (config.length > before.length) record(planning, schema.forceNew);
  planRemoval(schema, properties, before.slice(config.length), planning, place);
  return config.map((element, index) => {
    const here = { ...place, path: [...place.path, index] };
    return isPropertyMap(element)
      ? planProperties(properties, before[index], element, planning, here)
      : planComputed(schema, planning);
  });
}

/** `diffSet` of blocks: elements have no identity but their content, so a changed one is a removed and an added one. */
function planBlockSet(
  schema: PropertySchema,
  properties: Properties,
  prior: Prior,
  config: PropertyValue,
  planning: Planning,
  place: Place,
): PropertyValue {
  const before = Array.isArray(prior) ? prior.filter(isPropertyMap) : [];
  if (config instanceof Unknown) return planUnknown(schema, before.length, prior, planning);
  if (!Array.isArray(config) || config.length === 0)
    return planNoBlocks(schema, properties, prior, before, planning, place);
  const identity = (element: PropertyValue) => elementIdentity(element, properties);
  const beforeByIdentity = new Map(before.map((element) => [identity(element), element]));
  const after = config.map((element) => ({ element, identity: identity(element) }));
  const kept = new Set(after.map((element) => element.identity));
  const removed = before.filter((element) => !kept.has(identity(element)));
  const added = after.filter((element) => element.identity === undefined || !beforeByIdentity.has(element.identity));
  if (removed.length === 0 && added.length === 0 && !place.inChangedSet) return before;

  const countChanges = removed.length !== added.length;
  record(planning, countChanges && schema.forceNew);
  const here = { ...place, inChangedSet: true };
  for (const element of removed) planProperties(properties, element, {}, planning, here);
  const planned = after.map(({ element, identity: key }) =>
    isPropertyMap(element)
      ? planProperties(properties, key === undefined ? undefined : beforeByIdentity.get(key), element, planning, here)
      : element,
  );
  return orderSet(planned, properties);
}

/** Several blocks that the program does not give. */
function planNoBlocks(
  schema: PropertySchema,
  properties: Properties,
  prior: Prior,
  before: PropertyMap[],
  planning: Planning,
  place: Place,
): PropertyValue {
  if (schema.computed) return prior === undefined ? planComputed(schema, planning) : prior;
  planRemoval(schema, properties, before, planning, place);
  return [];
}

/** Records what the removal of blocks changes. */
function planRemoval(
  schema: PropertySchema,
  properties: Properties,
  removed: PropertyMap[],
  planning: Planning,
  place: Place,
): void {
  if (removed.length === 0) return;
  record(planning, schema.forceNew);
  const here = { ...place, inChangedSet: place.inChangedSet || schema.kind === "blockSet" };
  for (const element of removed) planProperties(properties, element, {}, planning, here);
}
