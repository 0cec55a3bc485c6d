import type { ResourceState } from "../../engine/model/resource-state.ts";

/** A resource of a made-up stack, with whatever a test wants to be different. */
export function resource(name: string, rest: Partial<ResourceState> = {}): ResourceState {
  const type = rest.type ?? "docker:index/volume:Volume";
  return {
    urn: `urn:pulumi:dev::shop::${type}::${name}`,
    type,
    custom: true,
    inputs: {},
    outputs: {},
    dependencies: [],
    propertyDependencies: {},
    additionalSecretOutputs: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    hideDiffs: [],
    aliases: [],
    initErrors: [],
    hooks: {},
    ...rest,
  };
}
