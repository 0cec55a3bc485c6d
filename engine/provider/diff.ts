import type { PropertyMap } from "../property-value.ts";
import type { ResourceDiff } from "../resource-provider.ts";

/** Compares a resource's old outputs with its new, checked inputs, as the provider's `Diff` does. */
export function diffResource(
  type: string,
  request: { id: string; oldInputs: PropertyMap; oldOutputs: PropertyMap; news: PropertyMap; ignoreChanges: string[] },
): ResourceDiff {
  throw new Error(`not there yet: ${type} ${request.id}`);
}
