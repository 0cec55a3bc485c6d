import type { ResourceState, Urn } from "./resource-state.ts";

/** Splits a provider reference `<urn>::<id>`. */
export function parseProviderReference(reference: string): { urn: Urn; id: string } {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

/** Every resource that must exist before `state`: provider, parent, dependencies, and what it is deleted with. */
export function prerequisites(state: ResourceState): Urn[] {
  return [
    ...(state.provider === undefined ? [] : [parseProviderReference(state.provider).urn]),
    ...(state.parent === undefined ? [] : [state.parent]),
    ...state.dependencies,
    ...Object.values(state.propertyDependencies).flat(),
    ...(state.deletedWith === undefined ? [] : [state.deletedWith]),
  ];
}

/** The resources that depend on `urn`, directly or through others, in the order of the list. */
export function dependentsOf(urn: Urn, resources: readonly ResourceState[]): ResourceState[] {
  const affected = new Set([urn]);
  // The list is in dependency order, so one pass finds indirect dependents too.
  return resources.filter((state) => {
    if (state.urn === urn || !prerequisites(state).some((needed) => affected.has(needed))) return false;
    affected.add(state.urn);
    return true;
  });
}

/**
 * Groups resources into batches for deletion: each batch may go at once, and nothing goes before what depends on it.
 *
 * @param resources in dependency order
 */
export function deletionBatches(resources: readonly ResourceState[]): ResourceState[][] {
  const heights = new Map<ResourceState, number>();
  const byUrn = Map.groupBy(resources, (state) => state.urn);
  for (const state of resources.toReversed()) heights.set(state, heights.get(state) ?? 0);
  for (const state of resources.toReversed()) {
    const height = heights.get(state) ?? 0;
    for (const needed of prerequisites(state).flatMap((urn) => byUrn.get(urn) ?? []))
      if (needed !== state) heights.set(needed, Math.max(heights.get(needed) ?? 0, height + 1));
  }
  const batches: ResourceState[][] = [];
  for (const state of resources.toReversed()) (batches[heights.get(state) ?? 0] ??= []).push(state);
  return batches;
}
