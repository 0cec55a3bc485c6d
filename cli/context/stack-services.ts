import { z } from "zod";
import { serviceLabels } from "../../model/service/labels.ts";
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { KnownResource } from "../engines/engine.ts";

/** The components that a service may be of; any other is a `StatefulService`, or one like it. */
type ServiceKind = "Redis" | "PostgreSQL" | "StatefulService";

/** A service of a stack's components, as the stack's state has it. */
export interface StackService {
  readonly kind: ServiceKind;
  /** Its name in Docker. */
  readonly name: string;
  /** The service that it backs up, where it is a companion. */
  readonly backupOf?: string;
  /** The service whose backup it restores on a schedule, where it is a drill. */
  readonly drillOf?: string;
  /** The first port that is reachable from outside the swarm. */
  readonly port: number | undefined;
  /** Whether every node publishes that port, through the routing mesh. */
  readonly isRouted: boolean;
  /** Names of its volumes, or folders of the node. */
  readonly volumes: readonly string[];
  readonly memoryLimitBytes: number | undefined;
  readonly isStopped: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The authority of its certificate; none where it speaks no TLS. */
  readonly authority: string | undefined;
  /** The database that a PostgreSQL was told to create. */
  readonly database: string | undefined;
}

/** A resource as far as it says which service it is. */
export type ServiceResource = Pick<KnownResource, "urn" | "type" | "parent" | "outputs">;

const serviceType = "docker:index/service:Service";
const componentPrefix = "holdfast:index:";

const mountSchema = z.looseObject({ type: z.string().nullish(), source: z.string().nullish() });

const portSchema = z.looseObject({ publishedPort: z.number().nullish(), publishMode: z.string().nullish() });

/** What of a service's outputs is needed; the provider leaves out what is empty. */
const serviceSchema = z.looseObject({
  name: z.string(),
  labels: z.array(z.looseObject({ label: z.string(), value: z.string().nullish() })).nullish(),
  mode: z.looseObject({ replicated: z.looseObject({ replicas: z.number().nullish() }).nullish() }).nullish(),
  endpointSpec: z.looseObject({ ports: z.array(portSchema).nullish() }).nullish(),
  taskSpec: z.looseObject({
    containerSpec: z.looseObject({ mounts: z.array(mountSchema).nullish() }),
    resources: z.looseObject({ limits: z.looseObject({ memoryBytes: z.number().nullish() }).nullish() }).nullish(),
  }),
});

const text = z.string().optional().catch(undefined);

/** What components say of themselves. */
const componentSchema = z.looseObject({ username: text, password: text, authority: text, database: text });

/** Finds the services of components in a stack's state, in the order of their names. */
export function stackServices(resources: readonly ServiceResource[]): StackService[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return resources
    .filter(({ type }) => type === serviceType)
    .flatMap((resource): StackService[] => {
      const components = ancestorsOf(resource, byUrn).filter(({ type }) => type.startsWith(componentPrefix));
      const service = serviceSchema.safeParse(resource.outputs).data;
      const component = components.at(-1);
      if (component === undefined || service === undefined) return [];
      const { taskSpec, endpointSpec, mode, labels } = service;
      const valueOf = (name: string): string | undefined =>
        labels?.find(({ label }) => label === name)?.value ?? undefined;
      const backupOf = valueOf(serviceLabels.backupOf);
      const drillOf = valueOf(serviceLabels.drillOf);
      const isCompanion = backupOf !== undefined || drillOf !== undefined;
      const published = endpointSpec?.ports?.find(({ publishedPort }) => (publishedPort ?? 0) > 0);
      const { username, password, authority, database } = componentSchema.parse(isCompanion ? {} : component.outputs);
      return [
        {
          // The companion of a Redis is made by its component, too.
          kind: isCompanion ? "StatefulService" : kindOf(component.type),
          name: service.name,
          ...(backupOf !== undefined && { backupOf }),
          ...(drillOf !== undefined && { drillOf }),
          port: published?.publishedPort ?? undefined,
          isRouted: published !== undefined && published.publishMode !== "host",
          volumes: (taskSpec.containerSpec.mounts ?? []).flatMap(({ type, source }) =>
            type === "tmpfs" || !source ? [] : [source],
          ),
          memoryLimitBytes: taskSpec.resources?.limits?.memoryBytes ?? undefined,
          isStopped: mode?.replicated?.replicas === 0,
          username,
          password,
          authority,
          database,
        },
      ];
    })
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

/**
 * Chooses the Redis that a command is for.
 *
 * @param name - of the service, where one was named
 * @param stack - its name, for the error
 * @throws SituationError when there is none; InputError when there are several and none was named
 */
export function chooseRedis(services: readonly StackService[], name: string | undefined, stack: string): StackService {
  const all = services.filter(({ kind }) => kind === "Redis");
  const names = all.map((each) => each.name).join(", ");
  const [only, ...others] = name === undefined ? all : all.filter((each) => each.name === name);
  if (only !== undefined && others.length === 0) return only;
  if (all.length === 0) {
    throw new SituationError({ what: `The stack ${stack} has no Redis`, fix: `Create it with \`${advised("up")}\`` });
  }
  throw new InputError({
    path: "--service",
    expected: `one of ${names}`,
    got: showValue(name),
    fix: `Name the service before the Redis command, as in \`${advised("redis", "--service NAME get foo")}\``,
  });
}

function ancestorsOf(
  resource: ServiceResource,
  byUrn: ReadonlyMap<string, ServiceResource>,
): readonly ServiceResource[] {
  const parent = resource.parent === undefined ? undefined : byUrn.get(resource.parent);
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent, byUrn)];
}

function kindOf(type: string): ServiceKind {
  const name = type.slice(componentPrefix.length);
  return name === "Redis" || name === "PostgreSQL" ? name : "StatefulService";
}
