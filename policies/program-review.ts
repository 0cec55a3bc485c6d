import {
  pulumiTypes,
  readPulumiConfig,
  readPulumiService,
  readPulumiVolume,
  type PulumiResource,
} from "../inputs/pulumi/service.ts";
import { isKnown, type Known } from "../model/service/definition.ts";
import { EstateIndex } from "./estate-index.ts";
import type { Finding } from "./finding.ts";
import { judgeOneService, type JudgeOptions } from "./judge.ts";
import type { Rule } from "./rule.ts";

/** Rules that also look at volume resources, which may come after the service that mounts them. */
const volumeRules: ReadonlySet<Rule["id"]> = new Set(["SS305", "SS401"]);

/**
 * Judges a program's resources as the engine reports them, one at a time and before each is created or changed.
 *
 * What a service refers to is already known: the engine reports a config or a volume before the service that uses its outputs.
 * Conflicts between two services are found when the second one is reported.
 */
export class ProgramReview {
  readonly #index = new EstateIndex({ nodes: undefined, images: new Map(), previous: new Map() });
  readonly #configs = new Map<string, Known<string | undefined>>();
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** What the rules find now that this resource is known. Never throws. */
  add(resource: PulumiResource): readonly Finding[] {
    switch (resource.type) {
      case pulumiTypes.config: {
        const { name, content } = readPulumiConfig(resource);
        if (name !== undefined) this.#configs.set(name, content);
        return [];
      }
      case pulumiTypes.volume: {
        const volume = readPulumiVolume(resource);
        this.#index.addVolume(volume);
        const users = isKnown(volume.name) ? this.#index.servicesUsing(volume.name) : [];
        return users
          .flatMap((service) => judgeOneService(service, this.#index, this.#options))
          .filter(({ rule }) => volumeRules.has(rule));
      }
      case pulumiTypes.service: {
        const service = readPulumiService(resource, this.#configs);
        this.#index.addService(service);
        return judgeOneService(service, this.#index, this.#options);
      }
      default:
        return [];
    }
  }
}
