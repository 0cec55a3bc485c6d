import type { Alias } from "./aliases.ts";
import type { PropertyMap } from "./property-value.ts";
import type { CustomTimeouts, HookBinding, Urn } from "./resource-state.ts";

/** What the program wants one resource to be (Pulumi: sdk/go/common/resource/goal.go). */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  inputs: PropertyMap;
  parent?: Urn;
  /** An explicit provider, `<urn>::<id>`. */
  provider?: string;
  /** The version of the provider's SDK, which names the default provider. */
  version: string;
  dependencies: Urn[];
  propertyDependencies: Record<string, Urn[]>;
  protect?: boolean;
  retainOnDelete?: boolean;
  /** Undefined leaves the choice to the provider. */
  deleteBeforeReplace?: boolean;
  deletedWith?: Urn;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  hideDiffs: string[];
  additionalSecretOutputs: string[];
  aliases: Alias[];
  customTimeouts?: CustomTimeouts;
  /** Functions of the program to call around the resource's operations. */
  hooks: HookBinding;
}
