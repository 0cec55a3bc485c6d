import type { EventState } from "./events.ts";
import { unknownSentinel } from "./wire-value.ts";
import {
  isPropertyMap,
  OutputValue,
  ResourceReference,
  Secret,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "./property-value.ts";
import type { ResourceState } from "./resource-state.ts";

/**
 * The checkpoint's fields of a resource in the checkpoint's order (sdk/go/common/apitype/core.go, `ResourceV3`); a field that is empty
 * is not written. Properties are written differently in each place.
 */
export function storedFields<T>(state: ResourceState, properties: (map: PropertyMap, side: "inputs" | "outputs") => T) {
  const { customTimeouts: timeouts, hooks } = state;
  return {
    urn: state.urn,
    custom: state.custom,
    delete: state.delete,
    id: state.id,
    type: state.type,
    inputs: isEmpty(state.inputs) ? undefined : properties(state.inputs, "inputs"),
    outputs: isEmpty(state.outputs) ? undefined : properties(state.outputs, "outputs"),
    parent: state.parent,
    protect: state.protect,
    external: state.external,
    dependencies: state.dependencies,
    initErrors: state.initErrors,
    provider: state.provider,
    propertyDependencies: isEmpty(state.propertyDependencies) ? undefined : state.propertyDependencies,
    pendingReplacement: state.pendingReplacement,
    additionalSecretOutputs: state.additionalSecretOutputs,
    aliases: state.aliases,
    customTimeouts: timeouts && {
      create: timeouts.createSeconds,
      update: timeouts.updateSeconds,
      delete: timeouts.deleteSeconds,
    },
    importID: state.importId,
    retainOnDelete: state.retainOnDelete,
    deletedWith: state.deletedWith,
    created: state.created,
    modified: state.modified,
    sourcePosition: state.sourcePosition,
    stackTrace: state.stackTrace?.map((sourcePosition) => ({ sourcePosition })),
    ignoreChanges: state.ignoreChanges,
    hideDiff: state.hideDiffs,
    replaceOnChanges: state.replaceOnChanges,
    resourceHooks: isEmpty(hooks)
      ? undefined
      : {
          AfterCreate: hooks.afterCreate,
          AfterUpdate: hooks.afterUpdate,
          BeforeCreate: hooks.beforeCreate,
          BeforeUpdate: hooks.beforeUpdate,
        },
  };
}

/** Whether the checkpoint leaves a field out (Go's `omitempty`). */
export function isLeftOut(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === "" || value === false || value === 0;
}

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}

/** A resource as `pulumi preview --json` shows it: without empty fields, and with `[secret]` in place of each secret. */
export function eventState(state: ResourceState): EventState {
  const { importID: _, stackTrace: __, resourceHooks: ___, ...fields } = storedFields(state, shownOnce);
  const written = Object.entries(fields).filter(([name, value]) => name === "custom" || !isLeftOut(value));
  const { urn, type, id } = state;
  return { ...Object.fromEntries(written), urn, type, ...(id !== undefined && { id }) };
}

/**
 * Maps that have been shown before: events show each resource four times, before and after the step, and an unchanged one has the same
 * outputs in all of them. No map is changed in place after it was shown.
 */
const shown = new WeakMap<PropertyMap, Record<string, unknown>>();

function shownOnce(map: PropertyMap): Record<string, unknown> {
  const known = shown.get(map);
  if (known !== undefined) return known;
  const made = shownMap(map);
  shown.set(map, made);
  return made;
}

/** A property map for people's eyes: secrets masked, unknowns as Pulumi's sentinel, references as URNs. */
export function shownMap(map: PropertyMap): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, shownValue(value)]));
}

function shownValue(value: PropertyValue): unknown {
  if (value instanceof Secret) return "[secret]";
  if (value instanceof Unknown) return unknownSentinel;
  if (value instanceof OutputValue) return shownValue(value.value);
  if (value instanceof ResourceReference) return value.urn;
  if (Array.isArray(value)) return value.map(shownValue);
  return isPropertyMap(value) ? shownMap(value) : value;
}
