/** The rules that hold between the resources of a state (Pulumi: sdk/go/common/snapshot/integrity.go). */
import type { ResourceState, Urn } from "../model/resource-state.ts";

/** Says the first rule that the resources break, or undefined when there is none. */
export function brokenRule(resources: readonly ResourceState[]): string | undefined {
  const seen = new Set<Urn>();
  const live = new Set<Urn>();
  const providers = new Set<string>();
  for (const resource of resources) {
    const { urn } = resource;
    if (!resource.custom && resource.id !== undefined) return `${urn} is a component with an id`;
    // Pulumi never writes one. Without an id there is nothing to update or delete, and that would be recorded as done.
    if (resource.custom && resource.id === undefined) return `${urn} is a resource without an id`;
    if (resource.type.startsWith("pulumi:providers:")) providers.add(`${urn}::${resource.id ?? ""}`);
    if (resource.provider !== undefined && !providers.has(resource.provider) && !resource.pendingReplacement)
      return `${urn} refers to the provider ${resource.provider}, which is not listed before it`;
    for (const [kind, needed] of references(resource))
      if (!seen.has(needed)) return `${urn} refers to its ${kind} ${needed}, which is not listed before it`;
    seen.add(urn);
    if (resource.delete) continue;
    if (live.has(urn)) return `${urn} appears twice`;
    live.add(urn);
  }
  return undefined;
}

function references(resource: ResourceState): [kind: string, urn: Urn][] {
  return [
    ...(resource.parent === undefined ? [] : [["parent", resource.parent] as [string, Urn]]),
    ...resource.dependencies.map((urn): [string, Urn] => ["dependency", urn]),
    ...Object.entries(resource.propertyDependencies).flatMap(([property, urns]) =>
      urns.map((urn): [string, Urn] => [`dependency of ${property}`, urn]),
    ),
    ...(resource.deletedWith === undefined ? [] : [["deletedWith", resource.deletedWith] as [string, Urn]]),
  ];
}
