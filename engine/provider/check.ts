import type { PropertyMap } from "../property-value.ts";
import type { CheckFailure } from "../resource-provider.ts";

/**
 * Validates a resource's inputs and completes them with the provider's defaults, `__defaults` and an automatic name.
 *
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function checkInputs(
  type: string,
  request: { name: string; olds: PropertyMap; news: PropertyMap; randomSeed: Uint8Array },
): { inputs: PropertyMap; failures: CheckFailure[] } {
  throw new Error(`not there yet: ${type} ${request.name}`);
}
