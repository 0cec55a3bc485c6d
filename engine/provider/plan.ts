import type { PropertyMap } from "../property-value.ts";

/** The outputs that a create (without `old`) or an update would have, unknown where only Docker can tell. */
export function planOutputs(
  type: string,
  request: {
    news: PropertyMap;
    old?: { id: string; inputs: PropertyMap; outputs: PropertyMap };
    ignoreChanges: string[];
  },
): PropertyMap {
  throw new Error(`not there yet: ${type} ${Object.keys(request.news).length}`);
}
