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

/** Where in the plan a property is. */
interface Place {
  path: PropertyPath;
  /** Inside an element of a set that changes as a whole: there every property is planned from scratch. */
  inChangedSet: boolean;
}

/** A property to plan: what it was, and what the program says. */
interface Property extends Place {
  schema: PropertySchema;
  prior: PropertyValue | undefined;
  config: PropertyValue;
  planning: Planning;
}

/** Plans the properties of a resource or block; the answer has each of them, null where it has no value. */
export function planProperties(
  properties: Properties,
  prior: PropertyMap | undefined,
  config: PropertyMap,
  planning: Planning,
  { path, inChangedSet }: Place = { path: [], inChangedSet: false },
): PropertyMap {
  return mapProperties(properties, (name, schema) => {
    const here = [...path, name];
    if (planning.ignored(here)) return prior?.[name] ?? null;
    return planProperty({
      schema,
      prior: prior?.[name],
      config: config[name] ?? null,
      planning,
      path: here,
      inChangedSet,
    });
  });
}

function planProperty(property: Property): PropertyValue {
  const { schema } = property;
  switch (schema.kind) {
    case "string":
    case "number":
    case "boolean":
      return planScalar(property);
    case "strings":
    case "stringSet":
      return planStrings(property);
    case "map":
      return planMap(property);
    case "block":
      return planBlock(schema.properties, property);
    case "blocks":
    case "blockSet":
      return planBlocks(schema.properties, property);
  }
}

/** Records a difference, and whether the schema says that it forces a replacement. */
function record({ schema, planning }: Property, isForcing = true): void {
  planning.differs = true;
  if (isForcing && schema.forceNew === true) planning.replaces = true;
}

/** Records a value that is not known yet. */
function planUnknown(property: Property): Unknown {
  record(property);
  return Unknown.value;
}

/** `diffString` and `applySingleAttrDiff`. */
function planScalar(property: Property): PropertyValue {
  const { schema, config, planning, inChangedSet } = property;
  const prior = property.prior ?? null;
  const next = config ?? schema.default ?? (schema.defaultFromEnvironment === undefined ? null : "");
  const zero = zeroOf(schema);
  if (next instanceof Unknown) return planUnknown(property);
  if (next === null && prior !== null) {
    if (schema.computed || (prior === zero && !inChangedSet)) return prior;
    record(property, prior !== zero);
    return null;
  }
  if (next === null) {
    if (!inChangedSet && !planning.creating) return null;
    if (schema.computed) return planUnknown(property);
    // The SDK cannot distinguish an unset string from an empty one where it plans a set's element from scratch.
    return inChangedSet && schema.kind === "string" ? "" : null;
  }
  if (prior === next && !inChangedSet) return prior;
  if (next === "" && schema.computed) {
    if (prior !== null && prior !== "") return prior;
    return planning.creating ? planUnknown(property) : "";
  }
  if (next === "" && prior === null && !inChangedSet) return "";
  record(property, prior !== next);
  return next;
}

/** `diffList` and `diffSet` of strings, and `applyCollectionDiff`. */
function planStrings(property: Property): PropertyValue {
  const { schema, config, inChangedSet } = property;
  const prior = property.prior ?? null;
  const before = Array.isArray(prior) ? prior : [];
  if (config instanceof Unknown) return planUnknownCollection(property, before.length);
  if (!Array.isArray(config)) {
    if (schema.computed) return prior ?? planUnknown(property);
    if (before.length > 0) record(property);
    return before.length > 0 || inChangedSet ? [] : prior;
  }
  const after = schema.kind === "stringSet" ? orderSet(config, undefined) : config;
  const same = equalValues(schema.kind === "stringSet" ? orderSet(before, undefined) : before, after);
  if (same && !containsUnknown(after) && !inChangedSet)
    // An empty list given where there was none stays an empty list; an empty set is forgotten.
    return schema.kind === "strings" ? after : prior;
  if (!same) record(property);
  return after;
}

/** `diffMap` and `applyCollectionDiff`: one unknown value makes the whole map unknown. */
function planMap(property: Property): PropertyValue {
  const { schema, config } = property;
  const prior = property.prior ?? null;
  const before = isPropertyMap(prior) ? prior : {};
  if (containsUnknown(config)) return planUnknown(property);
  if (!isPropertyMap(config)) {
    if (schema.computed) return prior ?? planUnknown(property);
    if (Object.keys(before).length === 0) return prior;
    record(property);
    return {};
  }
  if (equalValues(before, config)) return prior;
  record(property);
  return config;
}

/** A collection that the program gives but that is not known yet. */
function planUnknownCollection(property: Property, countBefore: number): PropertyValue {
  const { schema, prior } = property;
  // `finalizeDiff` drops the difference of a computed set that had elements.
  const isSet = schema.kind === "stringSet" || schema.kind === "blockSet";
  return isSet && schema.computed && countBefore > 0 ? (prior ?? null) : planUnknown(property);
}

/** `diffList` of a list that holds at most one block. */
function planBlock(properties: Properties, property: Property): PropertyValue {
  const { schema, prior, config, planning } = property;
  const before = isPropertyMap(prior) ? prior : undefined;
  if (config instanceof Unknown) return planUnknown(property);
  if (!isPropertyMap(config)) {
    if (schema.computed) return prior === undefined ? planUnknown(property) : prior;
    if (before !== undefined) planRemoval(properties, [before], property);
    return null;
  }
  if (before === undefined) record(property);
  return planProperties(properties, before, config, planning, property);
}

/** `diffList` of blocks, and `diffSet`. */
function planBlocks(properties: Properties, property: Property): PropertyValue {
  const { schema, prior, config } = property;
  const before = Array.isArray(prior) ? prior.filter(isPropertyMap) : [];
  if (config instanceof Unknown) return planUnknownCollection(property, before.length);
  if (Array.isArray(config) && config.length > 0)
    return (schema.kind === "blockSet" ? planSet : planList)(properties, before, config, property);
  if (schema.computed) return prior === undefined ? planUnknown(property) : prior;
  planRemoval(properties, before, property);
  return [];
}

function planList(properties: Properties, before: PropertyMap[], config: PropertyValue[], property: Property) {
  if (config.length > before.length) record(property);
  planRemoval(properties, before.slice(config.length), property);
  return config.map((element, index) => {
    const here = { ...property, path: [...property.path, index] };
    return isPropertyMap(element)
      ? planProperties(properties, before[index], element, property.planning, here)
      : planUnknown(property);
  });
}

/** Elements have no identity except their content, so a changed one is a removed and an added one. */
function planSet(properties: Properties, before: PropertyMap[], config: PropertyValue[], property: Property) {
  const identity = (element: PropertyValue) => elementIdentity(element, properties);
  const beforeByIdentity = new Map(before.map((element) => [identity(element), element]));
  const after = config.map((element) => ({ element, identity: identity(element) }));
  const kept = new Set(after.map((element) => element.identity));
  const removed = before.filter((element) => !kept.has(identity(element)));
  const added = after.filter((element) => element.identity === undefined || !beforeByIdentity.has(element.identity));
  if (removed.length === 0 && added.length === 0 && !property.inChangedSet) return before;

  record(property, removed.length !== added.length);
  const here = { ...property, inChangedSet: true };
  for (const element of removed) planProperties(properties, element, {}, property.planning, here);
  const planned = after.map(({ element, identity: key }) => {
    const known = key === undefined ? undefined : beforeByIdentity.get(key);
    return isPropertyMap(element) ? planProperties(properties, known, element, property.planning, here) : element;
  });
  return orderSet(planned, properties);
}

/** Records what the removal of blocks changes. */
function planRemoval(properties: Properties, removed: PropertyMap[], property: Property): void {
  if (removed.length === 0) return;
  record(property);
  const here = { ...property, inChangedSet: property.inChangedSet || property.schema.kind === "blockSet" };
  for (const element of removed) planProperties(properties, element, {}, property.planning, here);
}
