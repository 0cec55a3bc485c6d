import type { PropertyMap } from "../property-value.ts";

/**
 * Completes what was read from Docker, in the program's property names, into the outputs that the provider stores:
 * every attribute that is missing becomes null, with `__meta`, `__pulumi_raw_state_delta` and secret marks.
 */
export function stateOutputs(type: string, attributes: PropertyMap): PropertyMap {
  throw new Error(`not there yet: ${type} ${Object.keys(attributes).length}`);
}

/** The inputs that the provider's `Read` answers for outputs just read, given the inputs of the state. */
export function readInputs(type: string, request: { oldInputs: PropertyMap; outputs: PropertyMap }): PropertyMap {
  throw new Error(`not there yet: ${type} ${Object.keys(request.outputs).length}`);
}
