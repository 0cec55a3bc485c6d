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
import type { CustomTimeouts, ResourceState } from "./resource-state.ts";

/**
 * A resource as `pulumi preview --json` shows it: the checkpoint's properties in the checkpoint's order, those that are
 * empty left out, and `[secret]` in place of each secret.
 */
export function eventState(state: ResourceState): EventState {
  return {
    urn: state.urn,
    custom: state.custom,
    ...(state.delete && { delete: true }),
    ...(state.id !== undefined && { id: state.id }),
    type: state.type,
    ...(Object.keys(state.inputs).length > 0 && { inputs: shownOnce(state.inputs) }),
    ...(Object.keys(state.outputs).length > 0 && { outputs: shownOnce(state.outputs) }),
    ...(state.parent !== undefined && { parent: state.parent }),
    ...(state.protect && { protect: true }),
    ...(state.external && { external: true }),
    ...(state.dependencies.length > 0 && { dependencies: state.dependencies }),
    ...(state.initErrors.length > 0 && { initErrors: state.initErrors }),
    ...(state.provider !== undefined && { provider: state.provider }),
    ...(Object.keys(state.propertyDependencies).length > 0 && { propertyDependencies: state.propertyDependencies }),
    ...(state.pendingReplacement && { pendingReplacement: true }),
    ...(state.additionalSecretOutputs.length > 0 && { additionalSecretOutputs: state.additionalSecretOutputs }),
    ...(state.aliases.length > 0 && { aliases: state.aliases }),
    ...(state.customTimeouts && { customTimeouts: shownTimeouts(state.customTimeouts) }),
    ...(state.retainOnDelete && { retainOnDelete: true }),
    ...(state.deletedWith !== undefined && { deletedWith: state.deletedWith }),
    ...(state.created !== undefined && { created: state.created }),
    ...(state.modified !== undefined && { modified: state.modified }),
    ...(state.sourcePosition !== undefined && { sourcePosition: state.sourcePosition }),
    ...(state.ignoreChanges.length > 0 && { ignoreChanges: state.ignoreChanges }),
    ...(state.replaceOnChanges.length > 0 && { replaceOnChanges: state.replaceOnChanges }),
    ...(state.hideDiffs.length > 0 && { hideDiff: state.hideDiffs }),
  };
}

function shownTimeouts(timeouts: CustomTimeouts): Record<string, number> {
  return {
    ...(timeouts.createSeconds !== undefined && { create: timeouts.createSeconds }),
    ...(timeouts.updateSeconds !== undefined && { update: timeouts.updateSeconds }),
    ...(timeouts.deleteSeconds !== undefined && { delete: timeouts.deleteSeconds }),
  };
}

/**
 * What maps look like that have been shown before: each resource is told of four times, before and after the step, and the one that
 * stays as it is has the same outputs in all of them. No map is changed in place once it is told of.
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
