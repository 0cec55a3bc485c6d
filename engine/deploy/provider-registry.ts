import { SituationError } from "../../text/situation-error.ts";
import { parseProviderReference } from "../model/dependency-graph.ts";
import type { Goal } from "../model/goal.ts";
import { revealSecrets, type PropertyMap } from "../model/property-value.ts";
import { packageOf, providerTypePrefix } from "../model/provider-type.ts";
import type { ResourceProvider } from "../model/resource-provider.ts";
import type { ResourceState, Urn } from "../model/resource-state.ts";

/** Makes the provider of a package from its configuration (`host`, …). */
export type ProviderFactory = (configuration: PropertyMap) => ResourceProvider;

/** Where the provider behind a reference `<urn>::<id>` is found. */
export type Providers = Pick<ProviderRegistry, "get">;

/** Finds the provider behind each resource by its reference, in the program and the state. */
export class ProviderRegistry {
  readonly #load: () => Promise<ReadonlyMap<string, ProviderFactory>>;
  #loading: Promise<ReadonlyMap<string, ProviderFactory>> | undefined;
  #factories: ReadonlyMap<string, ProviderFactory> = new Map();
  readonly #find: (urn: Urn) => ResourceState | undefined;
  readonly #loaded = new Map<string, ResourceProvider>();

  /**
   * @param load gives the factories by package name
   * @param find the provider's resource, as declared now or else as in the old state
   */
  constructor(
    load: () => Promise<ReadonlyMap<string, ProviderFactory>>,
    find: (urn: Urn) => ResourceState | undefined,
  ) {
    this.#load = load;
    this.#find = find;
  }

  /** Loads the providers' code, once; must be called first. */
  async load(): Promise<void> {
    this.#loading ??= this.#load();
    this.#factories = await this.#loading;
  }

  /** The provider behind `<urn>::<id>`. Throws if it is unknown. */
  get(reference: string): ResourceProvider {
    const loaded = this.#loaded.get(reference);
    if (loaded) return loaded;
    const { urn } = parseProviderReference(reference);
    const state = this.#find(urn);
    if (!state) throw new Error(`the provider ${urn} is neither in the program nor in the state`);
    const provider = this.#factory(state.type, urn)(revealSecrets(state.inputs));
    this.#loaded.set(reference, provider);
    return provider;
  }

  /**
   * Refuses what no provider here can manage, before anything is planned.
   *
   * @throws SituationError that names the type
   */
  check(goal: Goal): void {
    if (goal.custom) this.#factory(goal.type, `${goal.type} ${goal.name}`);
  }

  #factory(type: string, path: string): ProviderFactory {
    const factory = this.#factories.get(packageOf(type));
    if (factory) return factory;
    throw new SituationError({
      what: `${path}: the embedded engine supports only resource types of ${[...this.#factories.keys()].join(", ")}, not ${type}`,
      fix: "Use the Pulumi CLI (--engine pulumi) for this program",
    });
  }
}

/**
 * The goal of the provider that resources without an explicit one have: `default_<version>`
 * (Pulumi: pkg/resource/deploy/source_eval.go, `defaultProviders`).
 */
export function defaultProviderGoal(packageName: string, version: string, configuration: PropertyMap): Goal {
  return {
    type: `${providerTypePrefix}${packageName}`,
    name: version === "" ? "default" : `default_${version.replaceAll(/[^A-Za-z0-9]/g, "_")}`,
    custom: true,
    inputs: { __internal: {}, ...configuration, ...(version !== "" && { version }) },
    version,
    dependencies: [],
    propertyDependencies: {},
    ignoreChanges: [],
    replaceOnChanges: [],
    hideDiffs: [],
    additionalSecretOutputs: [],
    aliases: [],
    hooks: {},
  };
}
