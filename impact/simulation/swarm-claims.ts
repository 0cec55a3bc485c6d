/** What exists while a plan is carried out, and which names, ports, volumes and files it holds. */
import type { PlannedObject, PlannedService } from "../../model/plan/plan.ts";
import { isKnown, type Known, type ServiceDefinition, type VolumeDefinition } from "../../model/service/definition.ts";
import { publishedPorts } from "../../model/service/published-ports.ts";

/** A service as it is at one moment of the execution. */
export interface LiveService {
  readonly object: PlannedService;
  /** Named volumes of the executor's engine that its containers hold: those of running tasks, and of stopped ones in the task history. */
  readonly heldVolumes: ReadonlySet<Known<string>>;
  readonly runsTasks: boolean;
}

/** Volumes by their names. */
export type VolumesByName = Map<string, VolumeDefinition>;

/** Everything that exists, by a key for each object; by claim who lays it, because a plan may have thousands of services. */
export class SwarmClaims {
  readonly #claimants = new Map<string, Set<string>>();
  readonly #claims = new Map<string, readonly string[]>();
  readonly #services = new Map<string, LiveService>();

  service(key: string): LiveService | undefined {
    return this.#services.get(key);
  }

  put(key: string, object: LiveService | Exclude<PlannedObject, PlannedService>): void {
    this.remove(key);
    if ("runsTasks" in object) this.#services.set(key, object);
    const claims = "runsTasks" in object ? claimsOf(object) : [nameClaim(object)];
    this.#claims.set(key, claims);
    for (const claim of claims) {
      const others = this.#claimants.get(claim);
      if (others === undefined) this.#claimants.set(claim, new Set([key]));
      else others.add(key);
    }
  }

  remove(key: string): void {
    for (const claim of this.#claims.get(key) ?? []) this.#claimants.get(claim)?.delete(key);
    this.#claims.delete(key);
    this.#services.delete(key);
  }

  isNameTaken(object: PlannedObject): boolean {
    return (this.#claimants.get(nameClaim(object))?.size ?? 0) > 0;
  }

  /** The services that hold one of some things, such as `ingress 80/tcp` or `use volume data`. */
  *holders(claims: readonly string[]): Iterable<readonly [key: string, LiveService]> {
    for (const key of new Set(claims.flatMap((claim) => [...(this.#claimants.get(claim) ?? [])]))) {
      const service = this.#services.get(key);
      if (service !== undefined) yield [key, service];
    }
  }
}

function nameClaim({ kind, name }: PlannedObject): string {
  return `${kind} ${isKnown(name) ? name : ""}`;
}

function claimsOf({ object, heldVolumes }: LiveService): readonly string[] {
  const { networks, secrets, configs } = object.definition;
  const used = (kind: string, names: Iterable<Known<string | undefined>>): readonly string[] =>
    [...names].flatMap((name) => (isKnown(name) && name !== undefined ? [`use ${kind} ${name}`] : []));
  const files = (list: ServiceDefinition["secrets"]) => (isKnown(list) ? list.map(({ name }) => name) : []);
  return [
    nameClaim(object),
    ...publishedPorts(object.definition, "ingress").map((port) => `ingress ${port}`),
    ...publishedPorts(object.definition, "host").map((port) => `host ${port}`),
    ...used("volume", heldVolumes),
    ...used("network", isKnown(networks) ? networks : []),
    ...used("secret", files(secrets)),
    ...used("config", files(configs)),
  ];
}

/** The named volumes that a service's containers mount. */
export function namedVolumes({ mounts }: ServiceDefinition): readonly Known<string>[] {
  return (isKnown(mounts) ? mounts : []).flatMap(({ type, source }) =>
    type === "volume" && source !== undefined && source !== "" ? [source] : [],
  );
}
